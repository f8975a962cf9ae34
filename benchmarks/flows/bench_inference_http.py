"""Inference over HTTP beside the engine it runs on: the same 32 prompts in turns, by the engine alone and through the provider.

Alone: the native engine in this process, turned by one thread, tokens counted and dropped. Over HTTP: the provider of
``zerog devnet up`` with the settings it has there, 32 streams of several users: session token, limits, reservation, SSE, charge
and signature on the disk before the last byte. The client is a process of its own that reads plain sockets every 5 ms. On two
cores the client, the event loop and the chain take their time from the engine; what each took stands beside the rates
(microseconds of a processor for each token). The last turn's signatures are checked against the bytes that came.

Then 256 streams at once, twice: how many ran and waited, the provider's memory before, at most and after. The first time
touches pages of the engine's pool for the first time; what streams cost by themselves is the second time's growth. Last, one
user asks for more than the settings let in: the rest is refused with 429.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from measure import KEEP, ROOT, TINY, keep

sys.path.insert(0, str(ROOT))

from tests.e2e.conftest import Zerog

from zerog._native import BatchingEngine
from zerog.chain.client import ChainClient
from zerog.compute.api import Message
from zerog.compute.client import Receipt, expected_signer, fault
from zerog.compute.engine.native import EngineLimits
from zerog.compute.engine.template import ChatTemplate
from zerog.compute.engine.tokenizer import TextTokenizer
from zerog.compute.engine.weights import load_gguf
from zerog.devnet import models
from zerog.primitives import batching
from zerog.sdk.chain import Chain
from zerog.sdk.compute import open_compute
from zerog.sdk.wallet import Account
from zerog.types import Address, parse_address

pytestmark = pytest.mark.timeout(600)

STREAMS, TOKENS, TURNS = (4, 4, 1) if TINY else (32, 128, 7)
OPEN, OPEN_TOKENS = (12, 2) if TINY else (256, 16)
USERS = 2 if TINY else 8
ASKED = 330
"""By one user at once: 64 run, 256 wait, the rest is refused."""
STREAM_BYTES_MAX = 256 << 10
"""What one open stream may take of the provider's memory, beside the pool of pages."""
RATIO_MIN, FIRST_TOKEN_S_MAX = 0.85, 2.0
MODEL = models.SMOLLM2.name
ONE = 10**18


@dataclass
class Turn:
    """32 streams, one way or the other."""

    seconds: float
    tokens: int
    first_s: list[float]
    cpu_s: dict[str, float]
    """Of processors, by who used it."""

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


class Alone:
    """The engine as the provider's settings make it, in this process."""

    def __init__(self) -> None:
        limits = EngineLimits()
        loaded = load_gguf(models.fetch(models.SMOLLM2) / models.SMOLLM2.files[0], limits.context_tokens_max)
        self._tokenizer = TextTokenizer(loaded.metadata)
        names, bos, eos = self._tokenizer.names, self._tokenizer.bos, self._tokenizer.eos
        self._template = ChatTemplate(
            loaded.metadata["tokenizer.chat_template"], bos=names[bos] if bos is not None else "",
            eos=names[eos] if eos is not None else "",
        )  # fmt: skip
        self.page_bytes = loaded.packed.page_size_bytes
        self._engine = BatchingEngine(
            batching.make_decoder(loaded.packed, limits.page_count, limits.step_tokens_max),
            page_count=limits.page_count, account_pages_max=limits.account_pages_max,
            context_tokens_max=limits.context_tokens_max, step_tokens_max=limits.step_tokens_max,
            running_max=limits.running_max, account_running_max=limits.account_running_max, waiting_max=limits.waiting_max,
            account_waiting_max=limits.account_waiting_max, draft_tokens_max=limits.draft_tokens_max,
            draft_running_max=limits.draft_running_max,
        )  # fmt: skip
        self._next_id = 0

    def run(self, prompts: list[str]) -> Turn:
        texts = [self._template.render([Message("user", prompt)]) for prompt in prompts]
        asked = [array("I", self._tokenizer.encode(text, as_template=True)).tobytes() for text in texts]
        first: dict[int, float] = {}
        tokens = 0
        engine, base = self._engine, self._next_id
        self._next_id += len(asked)
        before, begun = cpu_s(resource.RUSAGE_SELF), time.monotonic()
        for index, prompt in enumerate(asked):
            engine.submit(
                base + index, bytes([index % USERS]) * 32, prompt, new_tokens_max=TOKENS, choices=1, deadline_us=1 << 62,
                stop_tokens=[], temperature=0.0, top_p=1.0, min_p=0.0, top_k=0, repetition_penalty=1.0, frequency_penalty=0.0,
                presence_penalty=0.0, seed=1, logit_bias=[], tokens_min=0, logprobs=False, top_logprobs=0, is_guided=False,
                may_draft=True,
            )  # fmt: skip
        while not engine.is_idle:
            _, events, failure = engine.step(int(time.monotonic() * 1e6))
            assert failure is None
            now = time.monotonic() - begun
            tokens += len(events)
            for event in events:
                if event[0] not in first:
                    first[event[0]] = now
        seconds = time.monotonic() - begun
        assert tokens == len(prompts) * TOKENS
        return Turn(seconds, tokens, sorted(first.values()), {"engine": cpu_s(resource.RUSAGE_SELF) - before})


@dataclass
class Answer:
    """One stream as its client got it."""

    status: int
    headers: dict[str, str]
    body: bytes
    request: bytes

    @property
    def usage(self) -> dict[str, Any]:
        *_, last, done, _ = self.body.split(b"\n\n")
        assert done == b"data: [DONE]"
        used: dict[str, Any] = json.loads(last.removeprefix(b"data: "))["usage"]
        return used

    @classmethod
    def parse(cls, data: bytes, request: bytes) -> Answer:
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body, size = b"", -1
            while size:
                length, _, rest = rest.partition(b"\r\n")
                size = int(length, 16)
                body, rest = body + rest[:size], rest[size + 2 :]
            rest = body
        return cls(int(first.split()[1]), headers, rest, request)


class Client:
    """The process of ``http_streams.py``."""

    def __init__(self) -> None:
        command = [sys.executable, "-S", "-E", str(Path(__file__).with_name("http_streams.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(
        self, url: str, bodies: list[bytes], keys: list[str], timeout_s: float = 300
    ) -> tuple[dict[str, Any], list[Answer]]:
        host, _, port = url.removeprefix("http://").partition(":")
        sent = [
            f"POST /v1/proxy/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
            for body, key in zip(bodies, keys, strict=True)
        ]
        job = {"host": host, "port": int(port), "requests": [one.decode() for one in sent], "timeout_s": 300}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the client has fallen"
        told = json.loads(line)
        answers = told.pop("answers")
        return told, [Answer.parse(answer.encode("latin-1"), body) for answer, body in zip(answers, bodies, strict=True)]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@dataclass
class Place:
    """A local network with its provider, users with money and keys, the client."""

    zerog: Zerog
    status: dict[str, Any]
    client: Client
    alone: Alone
    keys: list[str] = field(default_factory=list)
    signer: Address | None = None

    @property
    def provider(self) -> dict[str, Any]:
        (found,) = self.status["compute"]["providers"]
        return dict(found)

    def process(self, name: str) -> dict[str, Any]:
        return next(one for one in self.status["processes"] if one["name"] == name)

    async def open_accounts(self) -> None:
        address = self.provider["address"]

        async def opened(client: ChainClient, secret: str) -> str:
            async with open_compute(Chain(client), Account.from_hex(secret)) as compute:
                await compute.deposit(5 * ONE)
                await compute.transfer(address, 3 * ONE)
                self.signer = expected_signer(await compute.provider(address))
                return await compute.session(address)

        async with ChainClient(self.status["rpc_url"]) as client:
            secrets = [entry["private_key"] for entry in self.status["accounts"][1 : USERS + 1]]
            self.keys = list(await asyncio.gather(*(opened(client, secret) for secret in secrets)))

    def http(self, prompts: list[str], tokens: int) -> tuple[Turn, list[Answer]]:
        keys = [self.keys[index % USERS] for index in range(len(prompts))]
        provider, chain = self.process("provider")["process"], self.process("chain")["process"]
        before = {"provider": threads_cpu_s(provider), "chain": threads_cpu_s(chain)}
        told, answers = self.client.run(self.provider["url"], [body(prompt, tokens) for prompt in prompts], keys)
        after = {"provider": threads_cpu_s(provider), "chain": threads_cpu_s(chain)}
        used = {name: sum(after[name].values()) - sum(before[name].values()) for name in after}
        loop = after["provider"][provider] - before["provider"][provider]
        cost = {"client": told["cpu_s"], "event loop": loop, "engine": used["provider"] - loop, "chain": used["chain"]}
        assert [answer.status for answer in answers] == [200] * len(prompts), answers[0].body
        made = sum(answer.usage["completion_tokens"] for answer in answers)
        assert made == len(prompts) * tokens
        return Turn(max(told["last_s"]), made, sorted(told["first_s"]), cost), answers

    def check_signature(self, answer: Answer) -> None:
        """The provider signed the bytes that came, to this request."""
        chat_id = answer.headers["zg-res-key"]
        with urllib.request.urlopen(f"{self.provider['url']}/v1/proxy/signature/{chat_id}", timeout=30) as response:
            told = json.loads(response.read())
        assert self.signer is not None
        receipt = Receipt(
            parse_address(self.provider["address"]), self.status["chain_id"], chat_id, MODEL, answer.request, answer.body, told
        )
        assert fault(receipt, self.signer) == ""

    def numbers(self) -> dict[str, float]:
        """The provider's metrics."""
        with urllib.request.urlopen(self.process("provider")["metrics_url"], timeout=30) as response:
            lines = [line for line in response.read().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    zerog = Zerog(tmp_path_factory.mktemp("http") / "devnet")
    client = Client()
    try:
        flags = ["--rpc-port", "0", "--ws-port", "0", "--no-storage", "--no-da", *(["--block-ms", "100"] if TINY else [])]
        status = zerog.json("devnet", "up", "--detach", *flags)
        made = Place(zerog, zerog.json("devnet", "status"), client, Alone())
        assert "compute" in status, "the weights are not to be had"
        asyncio.run(made.open_accounts())
        yield made
    finally:
        client.close()
        zerog.run("devnet", "down")


def body(prompt: str, tokens: int) -> bytes:
    asked = {
        "model": MODEL, "messages": [{"role": "user", "content": prompt}], "max_tokens": tokens, "ignore_eos": True,
        "temperature": 0, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    return json.dumps(asked).encode()


def prompts_of(seed: str, count: int, words: int = 28) -> list[str]:
    """Questions that share no beginning; with what the template writes around them about 64 tokens."""
    rng = random.Random(seed)
    known = sorted(set(re.findall(r"\b[a-z]{3,9}\b", (ROOT / "docs" / "protocol" / "compute.md").read_text())))
    return [" ".join(rng.choices(known, k=words)) for _ in range(count)]


def cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def threads_cpu_s(process: int) -> dict[int, float]:
    """Seconds of a processor that each thread has used; a provider's event loop is the one with the process's number."""
    found = {}
    for path in Path(f"/proc/{process}/task").iterdir():
        try:
            fields = (path / "stat").read_text().rpartition(") ")[2].split()
        except FileNotFoundError:
            continue
        found[int(path.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def resident_bytes(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_rate_and_first_token(place: Place) -> None:
    http: list[Turn] = []
    alone: list[Turn] = []
    answers: list[Answer] = []
    prompts = prompts_of("warm", STREAMS)
    place.alone.run(prompts)
    place.http(prompts, TOKENS)
    before = place.numbers()
    for turn in range(TURNS):
        prompts = prompts_of(f"turn {turn}", STREAMS)
        for way in ("alone", "http")[:: 1 if turn % 2 == 0 else -1]:
            if way == "alone":
                alone.append(place.alone.run(prompts))
            else:
                made, answers = place.http(prompts, TOKENS)
                http.append(made)
    counted = place.numbers()
    name = 'zerog_compute_tokens_total{kind="completion"}'
    assert counted[name] - before[name] == TURNS * STREAMS * TOKENS
    assert counted["zerog_compute_charged_total"] > before["zerog_compute_charged_total"]
    for answer in answers:
        place.check_signature(answer)
    ratios = [h.rate / a.rate for h, a in zip(http, alone, strict=True)]
    ratio, firsts = statistics.median(ratios), sorted(one for turn in http for one in turn.first_s)
    p99 = firsts[min(len(firsts) - 1, len(firsts) * 99 // 100)]
    facts = {
        "streams": STREAMS, "tokens each": TOKENS, "turns": TURNS,
        "tokens per s, engine alone": summary([turn.rate for turn in alone]),
        "tokens per s, over HTTP": summary([turn.rate for turn in http]),
        "ratio": {**summary(ratios), "runs": [round(one, 3) for one in ratios]},
        "first token, s, over HTTP": {"p50": round(statistics.median(firsts), 3), "p99": round(p99, 3)},
        "first token, s, engine alone": {"p50": round(statistics.median(one for turn in alone for one in turn.first_s), 3)},
        "processor, us a token, over HTTP": cost(http),
        "processor, us a token, engine alone": cost(alone),
        "signatures checked": len(answers),
    }  # fmt: skip
    keep("inference_http", facts)
    if KEEP and not TINY:  # other turns run beside whatever the machine does
        assert ratio >= RATIO_MIN
        assert p99 <= FIRST_TOKEN_S_MAX


def summary(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 3), "best": round(max(values), 3), "worst": round(min(values), 3)}


def cost(turns: list[Turn]) -> dict[str, float]:
    tokens = sum(turn.tokens for turn in turns)
    return {name: round(sum(turn.cpu_s[name] for turn in turns) / tokens * 1e6, 1) for name in turns[0].cpu_s}


@dataclass
class Watch:
    """What a provider was seen to hold while something ran."""

    resident: list[int] = field(default_factory=list)
    running: int = 0
    waiting: int = 0
    outside: int = 0
    """Those that waited before the engine's queue."""

    @contextmanager
    def over(self, place: Place) -> Iterator[Watch]:
        process, stop = place.process("provider")["process"], threading.Event()
        self.resident.append(resident_bytes(process))

        def look() -> None:
            while not stop.wait(0.1):
                self.resident.append(resident_bytes(process))
                numbers = place.numbers()
                self.running = max(self.running, int(numbers['zerog_compute_backend{what="running"}']))
                self.waiting = max(self.waiting, int(numbers['zerog_compute_backend{what="waiting"}']))
                self.outside = max(self.outside, int(numbers["zerog_compute_waiting"]))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join(30)
            time.sleep(0.5)
            self.resident.append(resident_bytes(process))

    @property
    def facts(self) -> dict[str, Any]:
        mib = [round(one / (1 << 20), 1) for one in (self.resident[0], max(self.resident), self.resident[-1])]
        return {
            "MiB before": mib[0], "MiB at most": mib[1], "MiB after": mib[2], "ran at once, at most": self.running,
            "waited in the engine": self.waiting, "waited for a place of their account": self.outside,
        }  # fmt: skip


def test_many_open_streams(place: Place) -> None:
    whole_pool = EngineLimits().page_count * place.alone.page_bytes
    found: dict[str, Any] = {"KiB a stream allowed": STREAM_BYTES_MAX >> 10, "MiB of the pool of pages": whole_pool >> 20}
    for name in ("first time", "second time"):
        watch = Watch()
        with watch.over(place):
            place.http(prompts_of(name, OPEN), OPEN_TOKENS)
        growth = max(watch.resident) - watch.resident[0]
        found[f"{OPEN} streams, {name}"] = {**watch.facts, "KiB a stream": round(growth / OPEN / 1024, 1), "finished": OPEN}
        pool = whole_pool if name == "first time" else 0
        assert TINY or growth <= OPEN * STREAM_BYTES_MAX + pool
        assert TINY or watch.running <= EngineLimits().running_max
    if not TINY:
        watch = Watch()
        with watch.over(place):
            sent = [body(prompt, 1) for prompt in prompts_of("many", ASKED, words=4)]
            _, answers = place.client.run(place.provider["url"], sent, [place.keys[0]] * ASKED)
        statuses = Counter(answer.status for answer in answers)
        refused = [json.loads(answer.body)["error"]["code"] for answer in answers if answer.status == 429]
        found[f"{ASKED} of one user"] = {**watch.facts, **{f"status {code}": count for code, count in sorted(statuses.items())}}
        assert sum(statuses.values()) == ASKED
        assert statuses[200] >= 320 - statuses[503]
        assert set(refused) == {"concurrency_limit_exceeded"}
        assert max(watch.resident) - watch.resident[0] <= ASKED * STREAM_BYTES_MAX
    keep("inference_open_streams", found)
