"""Fine-tuning for an application: a data set in, a task that is watched, an adapter out that nobody else can open."""

from __future__ import annotations

import asyncio
import json
import os
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp

from zerog.chain.client import CallError
from zerog.compute.tuning import ecies, parcel
from zerog.contracts import fine_tuning, registry
from zerog.contracts.calls import Call
from zerog.contracts.fine_tuning import Deliverable, Service
from zerog.errors import Conflict, Corrupt, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.primitives.hashing import keccak256
from zerog.primitives.merkle import file_tree
from zerog.runtime import log
from zerog.sdk.chain import Chain
from zerog.sdk.storage import Storage, open_storage
from zerog.sdk.wallet import Account
from zerog.types import Address, format_address
from zerog.wire import compute
from zerog.wire.jsonrpc import parse

ANSWER_BYTES_MAX: Final = 4 << 20
UNPACKED_BYTES_MAX: Final = 8 << 30
POLL_S: Final = 0.5
NODE_TRIES: Final = 3
"""How often an adapter is asked of its provider."""
STORAGE_S: Final = 600
"""The longest that the storage network is waited for before the provider is asked."""
_log = log.get(__name__)

Via = Literal["auto", "storage", "node"]
"""Where an adapter comes from: the storage network, its provider, or the first and then the other."""
Told = Callable[[Mapping[str, Any]], None]
"""Hears of a task each time its state or its step has changed."""


@dataclass(frozen=True)
class Fetched:
    """An adapter on the disk."""

    folder: Path
    files: tuple[str, ...]
    fee: int
    """Neuron."""
    source: str = "node"
    """``storage`` or ``node``: who gave the encrypted file."""


class Tuning:
    """A user of fine-tuning providers.

    Args:
        account: who asks and pays.
        contract: another one than that of a local network.
        storage: where results are looked for before their provider is asked.
    """

    def __init__(
        self,
        chain: Chain,
        account: Account,
        session: aiohttp.ClientSession,
        contract: Address = registry.FINE_TUNING,
        storage: Storage | None = None,
    ) -> None:
        self._chain, self._account, self._session, self._contract = chain, account, session, contract
        self._storage = storage

    async def services(self) -> list[Service]:
        """Who tunes what, at which price."""
        found: list[Service] = await self._ask(fine_tuning.services())
        return found

    async def submit(
        self,
        provider: Address,
        dataset: bytes | str,
        params: Mapping[str, Any],
        *,
        model: str = "",
        wait: bool = True,
    ) -> str:
        """Make a task; its id.

        Args:
            dataset: the data itself, which goes to the provider, or the root of a file in the storage network (0x…).
            model: by its name; the provider's first one by default.
            wait: queue behind the tasks of others.

        Raises:
            InvalidInput, Conflict, NotFound: the provider refuses, with its words. Unavailable, TimedOut: it does not answer.
        """
        url = (await self._service(provider)).url
        if isinstance(dataset, bytes):
            dataset = await self._upload(url, dataset)
        cards = await self._json("GET", f"{url}/v1/model")
        card = next((one for one in cards if model in ("", one["name"], one["hash"])), None)
        if card is None:
            raise NotFound(f"the provider does not tune {model}; it has {', '.join(one['name'] for one in cards)}")
        nonce = time.time_ns() // 1_000_000 * 10_000 + 40
        hash = compute.task_hash(self._account.address, nonce, dataset)
        order = {
            "userAddress": self._who, "datasetHash": dataset, "trainingParams": json.dumps(dict(params)),
            "preTrainedModelHash": card["hash"], "fee": "0", "nonce": str(nonce), "signature": self._sign(hash), "wait": wait,
        }  # fmt: skip
        return str((await self._json("POST", f"{url}/v1/user/{self._who}/task", json=order))["id"])

    async def tasks(self, provider: Address) -> list[dict[str, Any]]:
        """Newest first."""
        url = (await self._service(provider)).url
        return list(await self._json("GET", f"{url}/v1/user/{self._who}/task"))

    async def task(self, provider: Address, id: str) -> dict[str, Any]:
        return dict(await self._json("GET", await self._route(provider, id)))

    async def log(self, provider: Address, id: str) -> str:
        return (await self._request("GET", await self._route(provider, id, "/log"))).decode("utf-8", "replace")

    async def cancel(self, provider: Address, id: str) -> None:
        """
        Raises:
            Conflict: it has something to deliver already, or is over.
        """
        hash = compute.cancel_hash(_uuid(id))
        await self._request("POST", await self._route(provider, id, "/cancel"), json={"signature": self._sign(hash)})

    async def watch(
        self, provider: Address, id: str, states: tuple[str, ...], *, timeout_s: float, told: Told = lambda task: None
    ) -> dict[str, Any]:
        """Wait until a task is in one of some states.

        Raises:
            Conflict: it failed. TimedOut: not in time.
        """
        before: tuple[Any, Any] = (None, None)
        deadline = time.monotonic() + timeout_s
        while True:
            task = await self.task(provider, id)
            if (now := (task["progress"], task.get("step"))) != before:
                before = now
                told(task)
            if task["progress"] in states:
                return task
            if task["progress"] == "Failed":
                raise Conflict(f"task {id} failed: {task.get('reason') or 'the provider does not say why'}")
            if time.monotonic() > deadline:
                raise TimedOut(f"task {id} is still {task['progress']} after {timeout_s:g} s")
            await asyncio.sleep(POLL_S)

    async def fetch(self, provider: Address, id: str, folder: Path, *, timeout_s: float = 600, via: Via = "auto") -> Fetched:
        """Take a delivered adapter: download, compare with what the chain says, acknowledge, get the key, decrypt, unpack.

        May be called again after any fault; nothing is paid twice.

        Args:
            via: ``auto`` asks the storage network where there is one, and the provider when that fails.

        Raises:
            NotFound: nothing was delivered. Corrupt: the file is not what the chain says, or not signed by the provider's
                enclave. TimedOut: the provider does not hand over the key. InvalidInput: ``storage``, and there is none.
        """
        service = await self._service(provider)
        made = await self._deliverable(provider, id)
        await asyncio.to_thread(lambda: folder.mkdir(parents=True, exist_ok=True))
        sealed, plain = folder / ".adapter.sealed", folder / ".adapter.zip"
        source = await self._obtain(provider, id, made.root, sealed, via)
        if not made.acknowledged:
            await self._send(fine_tuning.acknowledge_deliverable(provider, id))
        deadline = time.monotonic() + timeout_s
        while not (made := await self._deliverable(provider, id)).settled:
            if time.monotonic() > deadline:
                raise TimedOut(f"the provider has not handed over the key within {timeout_s:g} s")
            await asyncio.sleep(POLL_S)
        if not made.secret:
            raise NotFound("the task was settled without a key: it was acknowledged too late")
        secret = ecies.open_sealed(bytes.fromhex(self._account.export_secret().removeprefix("0x")), made.secret)
        await asyncio.to_thread(parcel.open_parcel, sealed, plain, secret, service.signer)
        files = await asyncio.to_thread(_unpack, plain, folder)
        sealed.unlink()
        plain.unlink()
        return Fetched(folder, files, int((await self.task(provider, id)).get("fee", "0")), source)

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _who(self) -> str:
        return format_address(self._account.address)

    def _sign(self, hash: bytes) -> str:
        return "0x" + self._account.sign_message(hash).hex()

    async def _ask(self, call: Call[Any]) -> Any:
        return call.decode(await self._chain.client.call(self._contract, call.data))

    async def _send(self, call: Call[None]) -> None:
        await self._chain.transact(self._account, to=self._contract, data=call.data)

    async def _service(self, provider: Address) -> Service:
        try:
            found: Service = await self._ask(fine_tuning.service(provider))
        except CallError:
            raise NotFound(f"{format_address(provider)} offers no fine-tuning") from None
        return found

    async def _deliverable(self, provider: Address, id: str) -> Deliverable:
        try:
            found: Deliverable = await self._ask(fine_tuning.deliverable(self._account.address, provider, id))
        except CallError:
            raise NotFound(f"task {id} has not been delivered") from None
        return found

    async def _route(self, provider: Address, id: str, rest: str = "") -> str:
        _uuid(id)
        return f"{(await self._service(provider)).url}/v1/user/{self._who}/task/{id}{rest}"

    async def _upload(self, url: str, data: bytes) -> str:
        now = int(time.time())
        form = aiohttp.FormData()
        form.add_field("file", data, filename="dataset.jsonl", content_type="application/octet-stream")
        form.add_field("signature", self._sign(compute.dataset_hash(self._who, now)))
        form.add_field("timestamp", str(now))
        answer = await self._json("POST", f"{url}/v1/user/{self._who}/dataset", data=form)
        wanted = "0x" + keccak256(data).hex()
        if answer.get("datasetHash") != wanted:
            raise PeerFault(f"the provider names the data set {answer.get('datasetHash')!r}, it is {wanted}")
        return wanted

    async def _obtain(self, provider: Address, id: str, root: bytes, target: Path, via: Via) -> str:
        """The encrypted file that the chain names, at ``target``; where it came from."""
        if via == "storage" and self._storage is None:
            raise InvalidInput("which storage network? name its indexer")
        if via != "node" and self._storage is not None:
            try:
                async with asyncio.timeout(STORAGE_S):
                    await self._storage.download(root, target, overwrite=True)  # every byte is proven against the root
                return "storage"
            except (ZerogError, TimeoutError) as error:
                if via == "storage":
                    if isinstance(error, TimeoutError):
                        raise TimedOut(f"the storage network has not given the file within {STORAGE_S} s") from None
                    raise
                _log.warning("adapter.not_in_storage", root=root, reason=str(error) or "no answer in time")
        for left in reversed(range(NODE_TRIES)):
            try:
                await self._download(provider, id, target)
                break
            except (Unavailable, TimedOut) as error:
                if not left:
                    raise
                _log.warning("adapter.again", task=id, reason=str(error), left=left)
                await asyncio.sleep(POLL_S)
        if not await asyncio.to_thread(_is, target, root):
            raise Corrupt(f"the provider's file is not the one that the chain names, 0x{root.hex()}")
        return "node"

    async def _download(self, provider: Address, id: str, target: Path) -> None:
        now = int(time.time())
        asked = {"signature": self._sign(compute.adapter_hash(_uuid(id), now)), "timestamp": now}
        working = target.with_name(target.name + ".part")
        try:
            async with self._session.post(await self._route(provider, id, "/lora"), json=asked) as response:
                if response.status != 200:
                    raise _refused(response.status, await response.content.read(ANSWER_BYTES_MAX))
                with working.open("wb") as file:
                    async for piece in response.content.iter_chunked(1 << 20):
                        file.write(piece)
        except aiohttp.ClientError as error:
            raise Unavailable(f"the provider broke off: {error}") from None
        except TimeoutError:
            raise TimedOut("the provider has fallen silent") from None
        os.replace(working, target)

    async def _json(self, verb: str, url: str, **more: Any) -> Any:
        try:
            return parse(await self._request(verb, url, **more))
        except InvalidInput as error:
            if "status" in error.facts:
                raise
            raise PeerFault(f"{url}: the answer is not JSON") from None

    async def _request(self, verb: str, url: str, **more: Any) -> bytes:
        try:
            async with self._session.request(verb, url, **more) as response:
                body = await response.content.read(ANSWER_BYTES_MAX)
                if response.status != 200:
                    raise _refused(response.status, body)
                return body
        except aiohttp.ClientError as error:
            raise Unavailable(f"{url}: {error}") from None
        except TimeoutError:
            raise TimedOut(f"{url}: no answer in time") from None


@asynccontextmanager
async def open_tuning(
    chain: Chain, account: Account, *, timeout_s: float = 60, indexer: str = "", nodes: Sequence[str] = ()
) -> AsyncIterator[Tuning]:
    """Fine-tuning for as long as the block lasts.

    Args:
        timeout_s: how long one answer may be silent.
        indexer, nodes: the storage network's, where results are looked for; the provider alone has them otherwise.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        storage: Storage | None = None
        if indexer or nodes:
            storage = await stack.enter_async_context(open_storage(indexer=indexer or None, nodes=nodes))
        yield Tuning(chain, account, session, storage=storage)


def _uuid(id: str) -> bytes:
    try:
        raw = bytes.fromhex(id.replace("-", ""))
    except ValueError:
        raw = b""
    if len(raw) != 16:
        raise InvalidInput(f"task id: expected a UUID, found {id[:64]!r}")
    return raw


def _refused(status: int, body: bytes) -> Exception:
    """What a provider says instead of an answer."""
    try:
        told = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        told = body[:200].decode("utf-8", "replace")
    kind = {404: NotFound, 409: Conflict, 503: Unavailable, 504: TimedOut}.get(
        status, InvalidInput if status < 500 else PeerFault
    )
    return kind(f"the provider refuses ({status}): {told}", status=status)


def _is(path: Path, root: bytes) -> bool:
    """Whether a file is the one a root names: by its tree in the storage network, or by its keccak256."""
    data = path.read_bytes()
    return root in (bytes(file_tree(data).root), bytes(keccak256(data)))


def _unpack(archive: Path, folder: Path) -> tuple[str, ...]:
    """Plain files of a zip, right below ``folder``: no folders, no links, no way out."""
    with zipfile.ZipFile(archive) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > UNPACKED_BYTES_MAX:
            raise InvalidInput(f"the archive would unpack to more than {UNPACKED_BYTES_MAX >> 30} GiB")
        names = [entry.filename for entry in entries]
        if any("/" in name or "\\" in name or name.startswith(".") for name in names):
            raise InvalidInput(f"the archive has a file outside of its folder: {names}")
        for entry in entries:
            (folder / entry.filename).write_bytes(opened.read(entry))
    return tuple(sorted(names))
