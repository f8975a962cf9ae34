"""A conversation as the model was taught to read it: its chat template, rendered by jinja2 in a sandbox.

The template comes with the weights, so it is the operator's; what it is given is a stranger's. It sees plain values only,
cannot reach Python, and may not write more than it was given room for.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from zerog.compute.api import Message
from zerog.errors import InvalidInput

RENDERED_CHARS_MAX: Final = 8 << 20
TEMPLATE_CHARS_MAX: Final = 1 << 18
ARGUMENTS_CHARS_MAX: Final = 1 << 14
RESERVED: Final = frozenset(
    {"messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "raise_exception", "range"}
)
CHATML: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


class ChatTemplate:
    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        """
        Raises:
            InvalidInput: not a template.
        """
        if len(source) > TEMPLATE_CHARS_MAX:
            raise InvalidInput(f"chat template: expected at most {TEMPLATE_CHARS_MAX} characters, found {len(source)}")
        world = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        world.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
        world.filters["tojson"] = _to_json
        world.globals["raise_exception"] = _refuse
        try:
            self._template = world.from_string(source)
        except jinja2.TemplateError as error:
            raise InvalidInput(f"chat template: {error}") from error
        self._bos, self._eos = bos, eos
        self.knows_tools = "tools" in source

    def render(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] = (),
        arguments: Mapping[str, Any] | None = None,
        *,
        begin_answer: bool = True,
    ) -> str:
        """The whole prompt, up to where the answer begins; without ``begin_answer`` to the end of the last message.

        Raises:
            InvalidInput: the template refuses the conversation, arguments it reserves, or the result is too long.
        """
        given = dict(arguments or {})
        if RESERVED & given.keys():
            raise InvalidInput(f"chat_template_kwargs: {', '.join(sorted(RESERVED & given.keys()))} cannot be set")
        if len(json.dumps(given, default=str)) > ARGUMENTS_CHARS_MAX:
            raise InvalidInput(f"chat_template_kwargs: expected at most {ARGUMENTS_CHARS_MAX} characters")
        values = {
            **given,
            "messages": [_plain(message) for message in messages],
            "tools": [dict(tool) for tool in tools] or None,
            "add_generation_prompt": begin_answer,
            "bos_token": self._bos,
            "eos_token": self._eos,
        }
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate(values):
                size += len(piece)
                if size > RENDERED_CHARS_MAX:
                    raise InvalidInput(f"messages: the prompt is longer than {RENDERED_CHARS_MAX} characters")
                pieces.append(piece)
        except (jinja2.TemplateError, TypeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(f"messages: the model's chat template does not take them: {error}") from error
        return "".join(pieces)


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        plain["name"] = message.name
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        plain["tool_calls"] = [_call(call) for call in message.tool_calls]
    return plain


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments come as text; templates want them as what they say."""
    copy = dict(call)
    function = dict(copy.get("function") or {})
    if isinstance(function.get("arguments"), str):
        with contextlib.suppress(ValueError):
            function["arguments"] = json.loads(function["arguments"])
    copy["function"] = function
    return copy


def _to_json(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(sentence: Any) -> str:
    raise jinja2.TemplateError(str(sentence))
