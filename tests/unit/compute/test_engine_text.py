"""Ids and text, templates, stop strings and tool calls: no engine."""

from __future__ import annotations

import random

import pytest
from tests.unit.compute.engine_kit import METADATA

from zerog.compute.api import Message
from zerog.compute.engine.template import CHATML, ChatTemplate
from zerog.compute.engine.text import StopStrings, ToolCalls, held_back
from zerog.compute.engine.tokenizer import TextStream, TextTokenizer, byte_letters
from zerog.errors import InvalidInput

TEXTS = [
    "",
    "hello world",
    "hell",
    "héllo 漢字 🙂 12345\n\n\tx",
    "  spaces   ",
    "\x00\x7f\u2028",
    "<|im_end|>hello<|im_start|>",
]


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return TextTokenizer(METADATA)


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back(tokenizer: TextTokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text.replace("<|im_end|>", "").replace("<|im_start|>", "")
    stream = TextStream(tokenizer)
    pieces = [stream.push(index) for index in ids]
    assert "".join(pieces) + stream.end() == tokenizer.decode(ids)
    assert all("\ufffd" not in piece for piece in pieces), "a part of a character was let out"


def test_words_and_digits_are_cut_as_the_model_wants(tokenizer: TextTokenizer) -> None:
    names = [tokenizer.name(index) for index in tokenizer.encode("hello world 42<|im_end|>")]
    assert names == ["hello", " w", "o", "r", "l", "d", " ", "4", "2", "<|im_end|>"]
    assert tokenizer.ends == (tokenizer.eos,)


def test_a_character_that_never_becomes_whole(tokenizer: TextTokenizer) -> None:
    first = tokenizer.encode("é")[0]
    stream = TextStream(tokenizer)
    assert (stream.push(first), stream.end()) == ("", "\ufffd")


def test_every_byte_has_a_letter() -> None:
    letters = byte_letters()
    assert sorted(letters.values()) == list(range(256))
    assert letters["Ġ"] == 32
    assert letters["a"] == 97


@pytest.mark.parametrize("change", [
    {"tokenizer.ggml.model": "llama"}, {"tokenizer.ggml.pre": "unknown"}, {"tokenizer.ggml.tokens": None},
    {"tokenizer.ggml.tokens": ["a", "a"]}, {"tokenizer.ggml.merges": ["abc"]}, {"tokenizer.ggml.merges": [1]},
    {"tokenizer.ggml.merges": ["zz yy"]},
])  # fmt: skip
def test_what_is_no_tokenizer(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        TextTokenizer({**METADATA, **change})


def test_what_is_no_text(tokenizer: TextTokenizer) -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        tokenizer.encode("a\ud800")
    with pytest.raises(InvalidInput, match="characters"):
        tokenizer.encode("a" * (8 << 20 | 1))


def test_template() -> None:
    template = ChatTemplate(CHATML)
    text = template.render([Message("system", "be brief"), Message("user", "hi {{ 1 }}")])
    assert text == "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhi {{ 1 }}<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize("source", [
    "{{ raise_exception('no') }}", "{{ messages.__class__.__mro__ }}", "{{ ''.__class__.__mro__ }}", "{{ messages.append(1) }}",
    "{% for i in range(100000000) %}x{% endfor %}", "{{ nothing.at.all }}", "{{ 1 / 'a' }}", "{{ 'a' * 9000000 }}",
    "{{ cycler.__init__.__globals__ }}",
])  # fmt: skip
def test_a_template_cannot_leave_its_room(source: str) -> None:
    with pytest.raises(InvalidInput):
        ChatTemplate(source).render([Message("user", "hi")])


def test_template_refusals() -> None:
    with pytest.raises(InvalidInput):
        ChatTemplate("{% for %}")
    with pytest.raises(InvalidInput, match="messages"):
        ChatTemplate(CHATML).render([Message("user", "hi")], arguments={"messages": []})
    with pytest.raises(InvalidInput, match="at most"):
        ChatTemplate(CHATML).render([Message("user", "hi")], arguments={"x": "y" * (1 << 15)})


def test_stop_strings_at_every_cut(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(300):
        text = "".join(rng.choice("abc") for _ in range(rng.randrange(30)))
        stops = ["".join(rng.choice("abc") for _ in range(rng.randrange(1, 5))) for _ in range(rng.randrange(1, 4))]
        ends = [at for at in (text.find(stop) for stop in stops) if at >= 0]
        gate, shown, at = StopStrings(stops), "", 0
        while at < len(text) and not gate.is_over:
            size = rng.randrange(1, 4)
            shown += gate.push(text[at : at + size])
            at += size
            assert text.startswith(shown)
        assert gate.is_over == bool(ends)
        if gate.is_over:
            # Pieces of several letters may bring two stops at once; what counts is the first that is complete.
            assert not any(stop in shown for stop in stops)
        else:
            assert shown + gate.end() == text


def test_held_back() -> None:
    assert held_back("abcST", ["STOP", "x"]) == 2
    assert held_back("STOP", ["STOP"]) == 0
    assert held_back("", ["STOP"]) == 0


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_tool_calls_are_taken_out(size: int) -> None:
    text = 'so: <tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call> and <tool_call>{"name": "sub"}</tool_call><tool_'
    calls = ToolCalls("r")
    shown, found = "", []
    for at in range(0, len(text), size):
        piece, more = calls.push(text[at : at + size])
        shown += piece
        found += more
    rest, more = calls.end()
    assert shown + rest == "so:  and <tool_"
    assert [(call.index, call.id, call.name, call.arguments) for call in found + more] == [
        (0, "call_r_0", "add", '{"a": 1}'),
        (1, "call_r_1", "sub", "{}"),
    ]


def test_what_is_no_call_stays_text() -> None:
    calls = ToolCalls("r")
    text = "<tool_call>not json</tool_call><tool_call>[1]</tool_call>"
    assert calls.push(text) == (text, [])
    assert calls.push("<tool_call>" + "x" * (1 << 17))[0].startswith("<tool_call>xxx")
    assert calls.count == 0
