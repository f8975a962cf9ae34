"""Answers of a given form: which tokens may come next, by the ``llguidance`` library (the extra ``guided``).

A guide is compiled once a request, within the library's own limits on size and work, and then moved on token by token by the
engine's thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from zerog.compute.api import Guide
from zerog.compute.engine.tokenizer import TextTokenizer
from zerog.errors import InvalidInput

GUIDE_CHARS_MAX: Final = 1 << 17
_ANY_OBJECT: Final[Mapping[str, Any]] = {"type": "object"}


class Matcher:
    """How far one answer has come in its form."""

    def __init__(self, matcher: Any, word_count: int) -> None:
        self._matcher = matcher
        self._word_count = word_count

    def mask(self) -> bytes:
        """One bit a token, lowest first, in 32-bit words: what may come next."""
        mask = bytes(self._matcher.compute_bitmask())
        return mask[: 4 * self._word_count].ljust(4 * self._word_count, b"\0")

    def accept(self, token: int) -> bool:
        """False when the token does not fit, or the library gave up."""
        return bool(self._matcher.consume_token(token)) and not self._matcher.is_error()

    def copy(self) -> Matcher:
        return Matcher(self._matcher.deep_copy(), self._word_count)


class Guides:
    """Compiles guides for one tokenizer; the library's tables are made at the first."""

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self._tokenizer = tokenizer
        self._tables: Any = None

    def compile(self, guide: Guide) -> Matcher:
        """Takes milliseconds (the first one a second): call it off the event loop.

        Raises:
            InvalidInput: the form is not understood, too large, or the library is not installed.
        """
        try:
            import llguidance
            from llguidance.gbnf_to_lark import gbnf_to_lark
        except ImportError:
            raise InvalidInput("response_format: this provider has no grammar library (install zerog[guided])") from None
        kinds = llguidance.LLMatcher
        try:
            if guide.schema is not None or guide.json:
                schema = json.dumps(guide.schema if guide.schema is not None else _ANY_OBJECT)
                _check_size(schema)
                grammar = kinds.grammar_from_json_schema(schema)
            elif guide.regex:
                _check_size(guide.regex)
                grammar = kinds.grammar_from_regex(guide.regex)
            else:
                _check_size(guide.grammar)
                is_gbnf = "::=" in guide.grammar
                grammar = kinds.grammar_from_lark(gbnf_to_lark(guide.grammar) if is_gbnf else guide.grammar)
            if self._tables is None:
                ends = list(self._tokenizer.ends)
                self._tables = llguidance.LLTokenizer(self._tokenizer.to_json(), n_vocab=self._tokenizer.size, eos_token=ends)
            problem = kinds.validate_grammar(grammar, self._tables)
            if problem:
                raise InvalidInput(f"guide: {problem.strip()[:500]}")
            # Work at one token (milliseconds of the engine's thread) and memory (some 10 MB); what needs more ends its answer.
            limits = llguidance.LLParserLimits(
                step_max_items=20_000,
                step_lexer_fuel=50_000,
                max_lexer_states=5_000,
                max_grammar_size=50_000,
                verbose_errors=False,
            )
            matcher = kinds(self._tables, grammar, log_level=0, limits=limits)
        except (ValueError, TypeError, RuntimeError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(f"guide: {str(error)[:500]}") from error
        if matcher.is_error():
            raise InvalidInput(f"guide: {str(matcher.get_error())[:500]}")
        return Matcher(matcher, (self._tokenizer.size + 31) // 32)


def _check_size(text: str) -> None:
    if len(text) > GUIDE_CHARS_MAX:
        raise InvalidInput(f"guide: expected at most {GUIDE_CHARS_MAX} characters, found {len(text)}")
