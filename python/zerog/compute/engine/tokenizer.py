"""Text to ids and back for a model file: byte-level BPE by the ``tokenizers`` library, built from the file's own metadata.

Control tokens in a text (``<|im_end|>``) are read as such, as every server of these models does: a template writes them.
Turning ids back into text goes through bytes, so that a character which spans tokens comes out whole or not at all.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from zerog.errors import InvalidInput

TEXT_CHARS_MAX: Final = 8 << 20
VOCABULARY_MAX: Final = 1 << 20

_ENDS: Final = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>")
_CONTROL: Final = 3
_USER_DEFINED: Final = 4
_LLAMA3: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2: Final = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_SPLITS: Final[Mapping[str, str | None]] = {
    "default": None,
    "gpt-2": None,
    "smollm": None,
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": _QWEN2,
    "deepseek-r1-qwen": _QWEN2,
}
"""How words are cut before merging, by ``tokenizer.ggml.pre``; None: GPT-2's own pattern."""


def byte_letters() -> dict[str, int]:
    """The letter by which byte-level BPE writes each byte, and back (Radford et al., GPT-2)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {chr(byte): byte for byte in plain}
    others = (byte for byte in range(256) if byte not in set(plain))
    letters.update({chr(256 + index): byte for index, byte in enumerate(others)})
    return letters


class TextTokenizer:
    """One model's tokens. Immutable after it is made; ``encode`` may be called from several threads and releases the lock."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        """
        Args:
            metadata: of a GGUF file.

        Raises:
            InvalidInput: no byte-level BPE, a way of cutting words that is not known, lists that do not fit together.
        """
        kind = metadata.get("tokenizer.ggml.model")
        if kind != "gpt2":
            raise InvalidInput(f"tokenizer {kind!r}: expected byte-level BPE ('gpt2')")
        cut = metadata.get("tokenizer.ggml.pre", "default")
        if cut not in _SPLITS:
            raise InvalidInput(f"tokenizer.ggml.pre {cut!r}: expected one of {', '.join(sorted(_SPLITS))}")
        tokens, merges = _words(metadata, "tokens"), _words(metadata, "merges")
        if not 1 <= len(tokens) <= VOCABULARY_MAX:
            raise InvalidInput(f"tokenizer.ggml.tokens: expected 1 to {VOCABULARY_MAX}, found {len(tokens)}")
        found = metadata.get("tokenizer.ggml.token_type")
        kinds: Sequence[int] = [1] * len(tokens)
        if isinstance(found, Sequence) and len(found) == len(tokens):
            kinds = found
        self.size = len(tokens)
        pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
        vocabulary = {token: index for index, token in enumerate(tokens)}
        if any(not right for _, right in pairs) or len(vocabulary) != len(tokens):
            raise InvalidInput("tokenizer.ggml: a merge without two parts, or a token that occurs twice")
        try:
            self._tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs, ignore_merges=_SPLITS[cut] == _LLAMA3))
        except Exception as error:  # the library has one class of exception
            raise InvalidInput(f"tokenizer.ggml: {error}") from error
        self._tokenizer.pre_tokenizer = _cutter(cut)
        self._tokenizer.decoder = decoders.ByteLevel()
        self.control = frozenset(index for index, one in enumerate(kinds) if one == _CONTROL)
        special = [AddedToken(tokens[index], special=True, normalized=False) for index in sorted(self.control)]
        own = [AddedToken(token, normalized=False) for token, one in zip(tokens, kinds, strict=True) if one == _USER_DEFINED]
        self._tokenizer.add_special_tokens(special)
        self._tokenizer.add_tokens(own)
        letters = byte_letters()
        self.pieces: tuple[bytes, ...] = tuple(_bytes_of(token, letters, one) for token, one in zip(tokens, kinds, strict=True))
        self.names: tuple[str, ...] = tuple(tokens)
        self.bos = _token(metadata, "bos", self.size)
        self.eos = _token(metadata, "eos", self.size)
        named = [_token(metadata, which, self.size) for which in ("eos", "eot", "eom")]
        ends = {index for index in named if index is not None} | {vocabulary[name] for name in _ENDS if name in vocabulary}
        self.ends: tuple[int, ...] = tuple(sorted(ends))
        """Tokens that end an answer."""
        self.adds_bos = metadata.get("tokenizer.ggml.add_bos_token") is True

    def encode(self, text: str, *, as_template: bool = False) -> list[int]:
        """
        Args:
            text: at most ``TEXT_CHARS_MAX`` characters, no lone surrogates.
            as_template: the text is a rendered template, which writes its own first token.

        Raises:
            InvalidInput: too long, or not Unicode.
        """
        if len(text) > TEXT_CHARS_MAX:
            raise InvalidInput(f"text: expected at most {TEXT_CHARS_MAX} characters, found {len(text)}")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidInput("text: a lone surrogate is no character") from None
        ids = list(self._tokenizer.encode(text, add_special_tokens=False).ids)
        return [self.bos, *ids] if self.adds_bos and self.bos is not None and not as_template else ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of whole answers; control tokens are nothing, broken characters the replacement character."""
        return b"".join(self.pieces[index] for index in ids).decode(errors="replace")

    def name(self, index: int) -> str:
        """A token for people: its text, or its name when it has none."""
        return self.names[index] if index in self.control else self.pieces[index].decode(errors="replace")

    def to_json(self) -> str:
        """The library's own form, for the grammar library."""
        return str(self._tokenizer.to_str())


class TextStream:
    """Ids in, text out: what is complete so far, never a part of a character."""

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self._pieces = tokenizer.pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, index: int) -> str:
        return self._decoder.decode(self._pieces[index])

    def end(self) -> str:
        """What is left; a character that never became whole is the replacement character."""
        return self._decoder.decode(b"", final=True)


def _words(metadata: Mapping[str, Any], which: str) -> Sequence[str]:
    words = metadata.get(f"tokenizer.ggml.{which}")
    if not isinstance(words, (list, tuple)) or not all(isinstance(item, str) for item in words):
        raise InvalidInput(f"tokenizer.ggml.{which}: expected a list of strings")
    return words


def _token(metadata: Mapping[str, Any], which: str, size: int) -> int | None:
    index = metadata.get(f"tokenizer.ggml.{which}_token_id")
    return index if isinstance(index, int) and 0 <= index < size else None


def _bytes_of(token: str, letters: Mapping[str, int], kind: int) -> bytes:
    if kind == _CONTROL:
        return b""
    if kind != _USER_DEFINED and all(letter in letters for letter in token):
        return bytes(letters[letter] for letter in token)
    return token.encode(errors="replace")


def _cutter(cut: str) -> pre_tokenizers.PreTokenizer:
    if cut == "smollm":
        return pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    pattern = _SPLITS[cut]
    if pattern is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
