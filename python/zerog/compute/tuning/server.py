"""The routes of a fine-tuning node, with the answers that 0G's clients read. Source: docs/protocol/compute.md §8.1.

What belongs to one user is told to nobody without that user's signature, save what the official node tells as well: the task
and its log by their unguessable id.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import BodyPartReader, web

from zerog.compute.attest import Enclave
from zerog.compute.gateway.errors import Style, refusal
from zerog.compute.tuning.lifecycle import BaseModel, Lifecycle
from zerog.compute.tuning.task import State, Task, check_time, order_json, parse_id, parse_order, signer_of
from zerog.contracts.fine_tuning import Account
from zerog.errors import Conflict, Exhausted, InvalidInput, NotFound, Unauthorized
from zerog.runtime.offload import Offload
from zerog.types import Address, parse_address
from zerog.wire import compute
from zerog.wire.jsonrpc import parse

BODY_BYTES_MAX: Final = 64 << 10
FIELD_BYTES_MAX: Final = 1024
LIST_MAX: Final = 1000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TuningServer:
    """Answers users.

    Args:
        queue_max: unfinished tasks of all users; one more is refused.
        dataset_bytes_max: of one uploaded data set.
        datasets_bytes_max: of all of them.
        now_s: the time of day.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        enclave: Enclave,
        disk: Offload,
        *,
        queue_max: int,
        dataset_bytes_max: int,
        datasets_bytes_max: int,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._life, self._enclave, self._disk, self._now_s = lifecycle, enclave, disk, now_s
        self._queue_max, self._dataset_max, self._datasets_max = queue_max, dataset_bytes_max, datasets_bytes_max

    def app(self) -> web.Application:
        made = web.Application(client_max_size=BODY_BYTES_MAX)
        user = "/v1/user/{user}"
        made.add_routes(
            [
                web.post(f"{user}/task", _told(self._create)),
                web.get(f"{user}/task", _told(self._list)),
                web.get(f"{user}/task/{{id}}", _told(self._get)),
                web.post(f"{user}/task/{{id}}/cancel", _told(self._cancel)),
                web.get(f"{user}/task/{{id}}/log", _told(self._log)),
                web.post(f"{user}/task/{{id}}/lora", _told(self._adapter)),
                web.post(f"{user}/dataset", _told(self._dataset)),
                web.get("/v1/task/pending", _told(self._pending)),
                web.get("/v1/model", _told(self._models)),
                web.get("/v1/model/{name}", _told(self._model)),
                web.get("/v1/model/desc/{name}", _told(self._notes)),
                web.get("/v1/quote", _told(self._quote)),
                web.route("*", "/{rest:.*}", _told(_nowhere)),
            ]
        )
        return made

    async def _create(self, request: web.Request) -> web.StreamResponse:
        user = _user(request)
        ordered = parse_order(await _json(request), user, self._now_s())
        task = ordered.task
        if bytes.fromhex(task.model_hash.removeprefix("0x")) not in self._life.models:
            names = ", ".join(f"{one.name} (0x{one.root.hex()})" for one in self._life.models.values())
            raise NotFound(f"task: model {task.model_hash} is not tuned here; served: {names}")
        before = self._life.unfinished_of(user)
        if before is not None:
            raise Conflict(f"task {before.id} is {before.state}: one unfinished task a user; finish, acknowledge or cancel it")
        if self._life.unfinished >= self._queue_max:
            raise Exhausted(f"{self._queue_max} tasks are unfinished here; come back later")
        if self._life.pending and not ordered.wait:
            raise Conflict(f"{self._life.pending} tasks are ahead; send wait: true to queue behind them")
        self._check_account(await self._life.chain.account(user))
        await self._life.admit(task)
        return web.Response(body=order_json(task), content_type="application/json")

    def _check_account(self, account: Account | None) -> None:
        if account is None:
            raise InvalidInput("no account with this provider: transfer funds to it first")
        if not account.acknowledged:
            raise Unauthorized("this provider's signer is not acknowledged: acknowledge it first")

    async def _list(self, request: web.Request) -> web.StreamResponse:
        latest = request.query.get("latest", "false").lower() == "true"
        tasks = await self._disk.run(self._life.store.of_user, _user(request), 1 if latest else LIST_MAX)
        return web.json_response([self._shown(task) for task in tasks])

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._shown(await self._task(request)))

    def _shown(self, task: Task) -> dict[str, Any]:
        return task.to_json() | {"step": self._life.progress(task)}

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        task = await self._task(request)
        body = await _json(request)
        signer_of(compute.cancel_hash(task.uuid_bytes), _member(body, "signature"), Address(task.user))
        await self._life.cancel(task.id)
        return web.Response(text="Task cancelled successfully")

    async def _log(self, request: web.Request) -> web.StreamResponse:
        task = await self._task(request)
        text = await self._disk.run(self._life.store.log_text, task)
        return web.Response(body=text, content_type="text/plain", charset="utf-8")

    async def _adapter(self, request: web.Request) -> web.StreamResponse:
        task = await self._task(request)
        body = await _json(request)
        if not isinstance(body, dict) or "timestamp" not in body:
            raise InvalidInput("expected members signature and timestamp")
        unix_s = check_time(body["timestamp"], self._now_s())
        signer_of(compute.adapter_hash(task.uuid_bytes, unix_s), _member(body, "signature"), Address(task.user))
        path = self._life.store.parcel(task)
        if task.state not in (State.DELIVERED, State.ACKNOWLEDGED, State.FINISHED) or not path.exists():
            raise NotFound(f"task {task.id} is {task.state}: there is nothing to download here")
        headers = {"Content-Disposition": f'attachment; filename="lora_model_{task.id}.bin"'}
        return web.FileResponse(path, headers=headers | {"Content-Type": "application/octet-stream"})

    async def _dataset(self, request: web.Request) -> web.StreamResponse:
        """A multipart body: ``file``, ``signature``, ``timestamp``, in any order."""
        user, text = _user(request), request.match_info["user"]
        if not request.content_type.startswith("multipart/"):
            raise InvalidInput("expected multipart form data with file, signature and timestamp", status=415)
        data, fields = b"", {}
        try:
            reader = await request.multipart()
            while (part := await reader.next()) is not None:
                if not isinstance(part, BodyPartReader):
                    raise InvalidInput("a part within a part")
                if part.name == "file":
                    data = await _part(part, self._dataset_max)
                elif part.name in ("signature", "timestamp"):
                    fields[part.name] = (await _part(part, FIELD_BYTES_MAX)).decode("utf-8", "replace").strip()
                else:
                    raise InvalidInput(f"a part named {str(part.name)[:64]!r}; expected file, signature and timestamp")
        except (ValueError, AssertionError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(f"the multipart body cannot be read: {str(error)[:200]}") from None
        missing = [name for name in ("signature", "timestamp") if name not in fields]
        if missing or not data:
            raise InvalidInput(f"no {'file' if not missing else missing[0]} in the form")
        unix_s = check_time(fields["timestamp"], self._now_s())
        signer_of(compute.dataset_hash(text, unix_s), fields["signature"], user)
        self._check_account(await self._life.chain.account(user))
        hash = await self._disk.run(self._life.store.keep_dataset, user, data, self._datasets_max)
        return web.json_response({"datasetHash": "0x" + hash.hex(), "message": "dataset uploaded"})

    async def _pending(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=str(self._life.pending))

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([_card(one) for one in self._life.models.values()])

    async def _model(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(_card(self._named(request)))

    async def _notes(self, request: web.Request) -> web.StreamResponse:
        model = self._named(request)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.md", _usage(model, self._life))
        return web.Response(body=made.getvalue(), content_type="application/zip")

    async def _quote(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(await self._enclave.quote())

    def _named(self, request: web.Request) -> BaseModel:
        name = request.match_info["name"]
        for one in self._life.models.values():
            if name in (one.name, "0x" + one.root.hex()):
                return one
        raise NotFound(f"model {name[:64]!r} is not tuned here")

    async def _task(self, request: web.Request) -> Task:
        user, id = _user(request), parse_id(request.match_info["id"])
        task = await self._disk.run(self._life.store.get, id)
        if task.user != user:
            raise NotFound(f"task {id} is not known here")
        return task


async def _nowhere(request: web.Request) -> web.StreamResponse:
    raise NotFound(f"no route {request.method} {request.path[:128]}")


def _told(handler: Handler) -> Handler:
    """The handler with refusals as the JSON that clients read."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return refusal(InvalidInput(error.reason, status=error.status), Style.ZEROG)
        except Exception as error:
            return refusal(error, Style.ZEROG)

    return answer


async def _json(request: web.Request) -> Any:
    return parse(await request.read())


async def _part(part: BodyPartReader, bytes_max: int) -> bytes:
    made = bytearray()
    while chunk := await part.read_chunk():
        made += chunk
        if len(made) > bytes_max:
            raise InvalidInput(f"{part.name}: expected at most {bytes_max:,} bytes", status=413)
    return bytes(made)


def _user(request: web.Request) -> Address:
    return parse_address(request.match_info["user"])


def _member(body: Any, name: str) -> str:
    if not isinstance(body, dict) or not isinstance(body.get(name), str):
        raise InvalidInput(f"expected a member {name} of text")
    return str(body[name])


def _card(model: BaseModel) -> dict[str, Any]:
    root = "0x" + model.root.hex()
    return {"name": model.name, "hash": root, "description": model.description, "tokenizer": root, "dataType": "text"}


def _usage(model: BaseModel, life: Lifecycle) -> str:
    terms = life.terms
    example = json.dumps({"instruction": "Translate to French", "input": "Good morning", "output": "Bonjour"})
    params = {
        "neftune_noise_alpha": 5,
        "num_train_epochs": 3,
        "per_device_train_batch_size": 2,
        "learning_rate": 0.0002,
        "max_steps": -1,
    }
    return (
        f"# {model.name}\n\n{model.description}\n\n"
        f"Price: {terms.price_per_token} neuron a token and epoch; {terms.tokens_max:,} tokens in all epochs at most.\n"
        f"Data sets: JSON lines, at most {terms.dataset_bytes_max:,} bytes, rows of at most {terms.row_tokens_max} tokens.\n\n"
        f"    {example}\n\nTraining parameters (config file):\n\n{json.dumps(params, indent=2)}\n\n"
        "The result is a zip with a LoRA adapter in the form of PEFT: adapter_config.json, adapter_model.safetensors.\n"
    )
