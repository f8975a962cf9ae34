"""The tokenizer and chat template that a model's file carries, as training needs them."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path

from zerog.compute.api import Message
from zerog.compute.engine.template import CHATML, ChatTemplate
from zerog.compute.engine.tokenizer import TextTokenizer
from zerog.wire import gguf


class FileTexts:
    """Token ids and rendered conversations of one GGUF file."""

    def __init__(self, tokenizer: TextTokenizer, template: ChatTemplate) -> None:
        self._tokenizer, self._template = tokenizer, template

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, as_template=True)

    def render(self, messages: Sequence[Mapping[str, str]], *, open: bool) -> str:
        return self._template.render([Message(one["role"], one["content"]) for one in messages], begin_answer=open)


def open_texts(path: Path) -> FileTexts:
    """
    Raises:
        InvalidInput: the file's tokenizer or template is not one that is served.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
        view = memoryview(mapping)
        try:
            found = gguf.parse(view)
            metadata = found.metadata
            for tensor in found.tensors.values():
                if tensor.data is not None:
                    tensor.data.release()
        finally:
            view.release()
    tokenizer = TextTokenizer(metadata)
    source = metadata.get("tokenizer.chat_template")
    names = [tokenizer.names[index] if index is not None else "" for index in (tokenizer.bos, tokenizer.eos)]
    return FileTexts(tokenizer, ChatTemplate(source if isinstance(source, str) else CHATML, bos=names[0], eos=names[1]))
