"""Streams: the short way to write a piece says what the long way says."""

from __future__ import annotations

import json

import pytest

from zerog.compute.api import Delta, Finish, Finished, GenerationRequest, Message, ToolCallDelta, Usage
from zerog.compute.gateway.chat_protocol import ChatChunks
from zerog.compute.gateway.messages_protocol import MessageChunks

REQUEST = GenerationRequest("m", "id", messages=(Message("user", "x"),), choices=2)


@pytest.mark.parametrize("usage", [False, True])
@pytest.mark.parametrize("text", ["a", 'q"\\\n', "é漢😀", "\x01", "{}"])
def test_the_short_way_is_the_long_way(text: str, usage: bool) -> None:
    chunks = ChatChunks(REQUEST, "chatcmpl-1", 7, stream_usage=usage)
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    assert chunks.chunk(Delta(text, (1,))) == chunks._event([choice])
    assert chunks.chunk(Delta(text, (1,))) == chunks._event([choice])
    assert json.loads(chunks.chunk(Delta(text, choice=1))[6:])["choices"][0] == choice | {"index": 1}
    assert chunks.chunk(Delta("", (1,))) == b""


def test_tool_calls_in_pieces() -> None:
    chunks = ChatChunks(REQUEST, "chatcmpl-1", 7)
    for piece in (ToolCallDelta(0, "c1", "f"), ToolCallDelta(0, arguments='{"a"'), ToolCallDelta(0, arguments=":1}")):
        chunks.take(Delta(tool_calls=(piece,)))
    chunks.take(Finished(Finish.TOOL_CALLS))
    chunks.take(Usage(3, 4, 1))
    told = json.loads(chunks.whole())
    (call,) = told["choices"][0]["message"]["tool_calls"]
    assert call == {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert told["choices"][0]["finish_reason"] == "tool_calls"
    assert told["usage"]["prompt_tokens_details"] == {"cached_tokens": 1}
    other = MessageChunks(REQUEST, "msg_1", 7)
    other.take(Delta("hm", tool_calls=(ToolCallDelta(0, "c1", "f", '{"a":1}'),)))
    other.take(Finished(Finish.TOOL_CALLS))
    body = json.loads(other.whole())
    assert body["content"] == [{"type": "text", "text": "hm"}, {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}]
    assert body["stop_reason"] == "tool_use"
