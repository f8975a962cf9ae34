"""OpenAI's older text completions and its embeddings as requests of ours, and their answers."""

from __future__ import annotations

import base64
import struct
from typing import Any

from zerog.compute.api import (
    CHOICES_MAX,
    STOP_CHARS_MAX,
    STOPS_MAX,
    TEXTS_MAX,
    Delta,
    EmbeddingRequest,
    Embeddings,
    Finished,
    GenerationRequest,
)
from zerog.compute.gateway.chat_protocol import TOKENS_MAX, Chunks, encode, guide, max_tokens, sampling, streaming, usage
from zerog.compute.gateway.checks import TEXT_CHARS_MAX, Body, refuse
from zerog.errors import InvalidInput
from zerog.types import Address

_QUIET = ("user", "echo", "suffix", "best_of", "metadata", "store")


class TextChunks(Chunks):
    """``text_completion``, whole and in chunks."""

    def _body(self, choices: list[dict[str, Any]], more: dict[str, Any]) -> bytes:
        head = {"id": self.id, "object": "text_completion", "created": self.created, "model": self.request.model}
        return encode({**head, "choices": choices, **more})

    def whole(self) -> bytes:
        choices = [
            {"index": i, "text": self.texts[i], "logprobs": None, "finish_reason": self.reasons[i] or "stop"}
            for i in range(self.request.choices)
        ]
        return self._body(choices, {"usage": usage(self.usage)})

    def first(self) -> bytes:
        return b""

    def chunk(self, event: Delta | Finished) -> bytes:
        finished = isinstance(event, Finished)
        text = "" if isinstance(event, Finished) else event.text
        if not text and not finished:
            return b""
        reason = event.reason.value if isinstance(event, Finished) else None
        return self._event([{"index": event.choice, "text": text, "logprobs": None, "finish_reason": reason}])

    def last(self) -> bytes:
        made = self._event([], {"usage": usage(self.usage)}) if self.stream_usage else b""
        return made + b"data: [DONE]\n\n"

    def _event(self, choices: list[dict[str, Any]], more: dict[str, Any] | None = None) -> bytes:
        return b"data: " + self._body(choices, more or {}) + b"\n\n"


def parse_text(body: Body, *, id: str, account: Address) -> tuple[GenerationRequest, bool, bool]:
    """A text completion: the request, whether it is a stream, and whether its last chunk tells the usage.

    Raises:
        InvalidInput: names the member.
    """
    given = body.raw("prompt")
    if type(given) is list and len(given) == 1 and type(given[0]) in (str, list):
        given = given[0]
    prompt: str | tuple[int, ...]
    if type(given) is str:
        prompt = Body._text("prompt", given, TEXT_CHARS_MAX)
    elif type(given) is list and given and type(given[0]) is int:
        prompt = body.token_ids("prompt", given, TOKENS_MAX)
    else:
        raise refuse("prompt", "one string, or the token ids of one prompt", given)
    if body.flag("echo", False) or body.raw("suffix") not in (None, ""):
        raise InvalidInput("echo and suffix: not supported here", param="echo")
    if body.raw("logprobs") not in (None, 0, False):
        raise InvalidInput("logprobs: only chat completions tell them here", param="logprobs")
    choices = body.whole("n", 1, 1, CHOICES_MAX)
    if body.whole("best_of", choices, 1, CHOICES_MAX) != choices:
        raise refuse("best_of", "no other number than n", body.raw("best_of"))
    stream, stream_usage = streaming(body)
    for name in _QUIET:
        body.raw(name)
    request = GenerationRequest(
        model=body.text("model", "", chars_max=256),
        id=id,
        prompt=prompt,
        max_tokens=max_tokens(body, "max_tokens"),
        min_tokens=body.whole("min_tokens", 0, 0, TOKENS_MAX),
        choices=choices,
        sampling=sampling(body),
        stop=body.texts("stop", STOPS_MAX, STOP_CHARS_MAX),
        ignore_eos=body.flag("ignore_eos", False),
        guide=guide(body),
        account=account,
        extra=body.rest(),
    )
    return request, stream, stream_usage


def parse_embedding(body: Body, *, id: str, account: Address) -> tuple[EmbeddingRequest, bool]:
    """Texts to embed, and whether the vectors are wanted in base64.

    Raises:
        InvalidInput: names the member.
    """
    given = body.raw("input")
    rows = given if type(given) is list and not (given and type(given[0]) is int) else [given]
    if not rows or len(rows) > TEXTS_MAX:
        raise refuse("input", f"1 to {TEXTS_MAX} texts", f"{len(rows)} entries")
    texts: tuple[str, ...] | tuple[tuple[int, ...], ...]
    if all(type(row) is str for row in rows):
        texts = tuple(Body._text("input", row, TEXT_CHARS_MAX, filled=True) for row in rows)
    elif all(type(row) is list and row for row in rows):
        texts = tuple(body.token_ids("input", row, TOKENS_MAX) for row in rows)
    else:
        raise refuse("input", "strings that are not empty, or arrays of token ids", given)
    packed = body.choice("encoding_format", ("float", "base64"), "float") == "base64"
    request = EmbeddingRequest(
        model=body.text("model", "", chars_max=256),
        id=id,
        texts=texts,
        dimensions=body.optional_whole("dimensions", 1, 65_536),
        account=account,
    )
    return request, packed


def embedding_answer(request: EmbeddingRequest, made: Embeddings, *, packed: bool) -> bytes:
    """The list of vectors; base64 is of little-endian float32."""
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            if packed
            else [float(value) for value in vector],
        }
        for index, vector in enumerate(made.vectors)
    ]
    used = {"prompt_tokens": made.prompt_tokens, "total_tokens": made.prompt_tokens}
    return encode({"object": "list", "data": data, "model": request.model, "usage": used})
