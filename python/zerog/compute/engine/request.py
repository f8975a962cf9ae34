"""One request on its way through the native engine: what the engine is asked, and what its tokens become for a client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zerog.compute.api import (
    Delta,
    Event,
    Finish,
    Finished,
    GenerationRequest,
    Guide,
    Message,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from zerog.compute.engine.service import LENGTH, Token
from zerog.compute.engine.text import StopStrings, ToolCalls
from zerog.compute.engine.tokenizer import TextStream, TextTokenizer
from zerog.errors import InvalidInput

_TOOLS_TOLD: Final = (
    "You may call functions. Their signatures, one a line:\n<tools>\n{tools}\n</tools>\nFor a call answer with a JSON object "
    "with the function's name and arguments, within tags:\n"
    '<tool_call>{{"name": "…", "arguments": {{…}}}}</tool_call>'
)


class Answer:
    """One choice: ids come in, deltas go out, and it knows when a stop string has ended it."""

    def __init__(self, tokenizer: TextTokenizer, request: GenerationRequest, choice: int) -> None:
        self.choice = choice
        self.token_count = 0
        self.is_over = False
        self._tokenizer = tokenizer
        self._wants_logprobs = request.sampling.logprobs
        self._text = TextStream(tokenizer)
        self._stops = StopStrings(request.stop)
        has_tools = bool(request.tools) and request.tool_choice != "none"
        self._calls = ToolCalls(f"{request.id}_{choice}", is_whole=must_call(request)) if has_tools else None
        self._is_plain = not (self._wants_logprobs or any(request.stop) or has_tools)

    def push(self, tokens: Sequence[Token]) -> list[Event]:
        """The events of some of this choice's tokens, in order; after Finished nothing more comes."""
        if self._is_plain and len(tokens) == 1 and not tokens[0].finish and not self.is_over:
            # Nearly every call: one more token of an answer that wants nothing but its text.
            id = tokens[0].id
            self.token_count += 1
            return [Delta(self._text.push(id), (id,), choice=self.choice)]
        events: list[Event] = []
        shown, ids, logprobs, calls = "", list[int](), list[TokenLogprob](), list[ToolCallDelta]()
        for token in tokens:
            if self.is_over:
                break
            is_last = token.finish != 0
            if token.id >= 0:
                self.token_count += 1
                # The token that ends an answer is counted, and says nothing.
                if token.finish in (0, LENGTH):
                    ids.append(token.id)
                    shown += self._stops.push(self._text.push(token.id))
                    if self._wants_logprobs:
                        logprobs.append(self._logprob(token.id, token.logprob, token.top))
            if is_last and not self._stops.is_over:
                shown += self._stops.push(self._text.end())
                shown += self._stops.end()
            self.is_over = is_last or self._stops.is_over
        if self._calls is not None:
            shown, calls = self._calls.push(shown)
            if self.is_over:
                rest, more = self._calls.end()
                shown, calls = shown + rest, calls + more
        if shown or ids or calls:
            events.append(Delta(shown, tuple(ids), tuple(logprobs), tuple(calls), choice=self.choice))
        if self.is_over:
            events.append(Finished(self._reason(token), self.choice))
        return events

    @property
    def is_stopped_by_string(self) -> bool:
        return self._stops.is_over

    def _reason(self, last: Token) -> Finish:
        if self._calls is not None and self._calls.count:
            return Finish.TOOL_CALLS
        return Finish.LENGTH if last.finish == LENGTH and not self._stops.is_over else Finish.STOP

    def _logprob(self, index: int, logprob: float, top: Sequence[tuple[int, float]]) -> TokenLogprob:
        others = tuple(TokenLogprob(self._tokenizer.name(i), i, value, self._tokenizer.pieces[i]) for i, value in top)
        return TokenLogprob(self._tokenizer.name(index), index, logprob, self._tokenizer.pieces[index], others)


class Answers:
    """All choices of a request."""

    def __init__(self, tokenizer: TextTokenizer, request: GenerationRequest, prompt_tokens: int) -> None:
        self._prompt_tokens = prompt_tokens
        self._cached_tokens = 0
        self.answers = [Answer(tokenizer, request, choice) for choice in range(request.choices)]

    @property
    def is_over(self) -> bool:
        return all(answer.is_over for answer in self.answers)

    @property
    def token_count(self) -> int:
        return sum(answer.token_count for answer in self.answers) if len(self.answers) > 1 else self.answers[0].token_count

    @property
    def usage(self) -> Usage:
        return Usage(self._prompt_tokens, self.token_count, self._cached_tokens)

    def push(self, tokens: Sequence[Token]) -> list[Event]:
        for token in tokens:
            if token.cached_tokens > self._cached_tokens:
                self._cached_tokens = token.cached_tokens
        if len(self.answers) == 1:
            return self.answers[0].push(tokens)
        by_choice: dict[int, list[Token]] = {}
        for token in tokens:
            by_choice.setdefault(token.choice, []).append(token)
        return [event for choice, own in sorted(by_choice.items()) for event in self.answers[choice].push(own)]


def must_call(request: GenerationRequest) -> bool:
    """The answer has to be a call of a tool."""
    return bool(request.tools) and (request.tool_choice == "required" or isinstance(request.tool_choice, Mapping))


def guide_for(request: GenerationRequest) -> Guide | None:
    """The form that the answer must have, from the request's own guide or from a tool that must be called.

    Raises:
        InvalidInput: both, or a tool that is not among those given.
    """
    if not must_call(request):
        return request.guide
    if request.guide is not None:
        raise InvalidInput("tool_choice: a call that must be made and a response_format exclude each other")
    wanted = ""
    if isinstance(request.tool_choice, Mapping):
        wanted = str((request.tool_choice.get("function") or {}).get("name", ""))
    forms = []
    for tool in request.tools:
        function = tool.get("function") or {}
        if wanted and function.get("name") != wanted:
            continue
        parameters = function.get("parameters") or {"type": "object"}
        forms.append(
            {
                "type": "object",
                "properties": {"name": {"const": function.get("name", "")}, "arguments": parameters},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    if not forms:
        raise InvalidInput(f"tool_choice: no tool {wanted!r} among those given")
    return Guide(schema=forms[0] if len(forms) == 1 else {"anyOf": forms})


def told_of_tools(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """The conversation for a template that knows no tools: they are named in the system's turn, and earlier calls and their
    results are written out."""
    lines = "\n".join(json.dumps(tool.get("function") or tool, ensure_ascii=False) for tool in tools)
    told = _TOOLS_TOLD.format(tools=lines)
    plain = [_spelled(message) for message in messages]
    if plain and plain[0].role == "system":
        return (Message("system", f"{plain[0].content}\n\n{told}"), *plain[1:])
    return (Message("system", told), *plain)


def _spelled(message: Message) -> Message:
    if message.role == "tool":
        return Message("user", f"<tool_response>{message.content}</tool_response>")
    if not message.tool_calls:
        return message
    calls = [
        f"<tool_call>{json.dumps(dict(call.get('function') or {}), ensure_ascii=False)}</tool_call>"
        for call in message.tool_calls
    ]
    return Message(message.role, "\n".join([message.content, *calls]).strip())
