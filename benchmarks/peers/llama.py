"""llama.cpp by the low-level calls of ``llama-cpp-python``, built on the machine that measures: one model, one shared cache.

``pip install llama-cpp-python`` compiles it with everything the processor has. ``LLAMA_CPP_LIB_PATH`` names another build.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Q4_0 = 2  # LLAMA_FTYPE_MOSTLY_Q4_0


def library() -> Any:
    """The bindings, quiet; a skip where they are not installed."""
    llama_cpp = pytest.importorskip("llama_cpp", reason="pip install llama-cpp-python (compiles llama.cpp, some minutes)")
    if not hasattr(library, "silence"):
        silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        library.silence = silence  # type: ignore[attr-defined]  # the library keeps only a pointer to it
        llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    return llama_cpp


def requantised(path: Path, target: Path, kind: int = Q4_0) -> Path:
    """The same model in the format that llama.cpp runs fastest on this class of processors."""
    if not target.exists():
        api = library()
        parameters = api.llama_model_quantize_default_params()
        parameters.ftype, parameters.allow_requantize, parameters.nthread = kind, True, 2
        part = target.with_suffix(".part")
        assert api.llama_model_quantize(str(path).encode(), str(part).encode(), ctypes.byref(parameters)) == 0
        part.rename(target)
    return target


class Llama:
    """A model and a context of ``cells`` positions for up to ``sequences`` sequences and batches of ``rows`` tokens."""

    def __init__(self, path: Path, threads: int, cells: int, sequences: int, rows: int = 512) -> None:
        self.api = library()
        self.model = self.api.llama_model_load_from_file(str(path).encode(), self.api.llama_model_default_params())
        assert self.model, f"llama.cpp does not load {path}"
        parameters = self.api.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch, parameters.n_seq_max = cells, rows, rows, sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        if hasattr(parameters, "kv_unified"):
            parameters.kv_unified = True
        self.context = self.api.llama_init_from_model(self.model, parameters)
        assert self.context
        self.batch = self.api.llama_batch_init(rows, 0, 1)
        self.vocabulary = self.api.llama_vocab_n_tokens(self.api.llama_model_get_vocab(self.model))

    def close(self) -> None:
        self.api.llama_batch_free(self.batch)
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)

    def forget(self) -> None:
        self.api.llama_memory_clear(self.api.llama_get_memory(self.context), True)

    def drop(self, sequence: int, position: int) -> None:
        """Forgets a sequence from a position on."""
        self.api.llama_memory_seq_rm(self.api.llama_get_memory(self.context), sequence, position, -1)

    def decode(self, rows: list[tuple[int, int, int, bool]]) -> None:
        """One batch of (token, position, sequence, whether its logits are wanted)."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, position, 1
            batch.seq_id[i][0], batch.logits[i] = sequence, wanted
        assert self.api.llama_decode(self.context, batch) == 0
        self.api.llama_synchronize(self.context)

    def logits(self, row: int) -> NDArray[np.float32]:
        """Logits of a wanted row of the last batch; valid until the next."""
        return np.ctypeslib.as_array(self.api.llama_get_logits_ith(self.context, row), (self.vocabulary,))

    def tokens(self, text: str) -> list[int]:
        raw = text.encode()
        room = (self.api.llama_token * len(raw))()
        count = self.api.llama_tokenize(self.api.llama_model_get_vocab(self.model), raw, len(raw), room, len(raw), False, False)
        assert count >= 0
        return list(room[:count])
