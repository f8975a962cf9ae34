"""Files of public parameters: development sets that we make, and those of the network's ceremony.

A directory holds one set. Development sets carry ``INSECURE`` in every name and in their manifest; the network's files keep
their public names and are accepted only with the SHA-256 of the table below. Blocking functions: run them in a worker.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zerog.errors import Corrupt, InvalidInput, NotFound
from zerog.primitives import commit
from zerog.primitives.blob import COSETS, MAINNET, Geometry
from zerog.primitives.commit import Setup
from zerog.runtime.disk import write_atomic

__all__ = ["CEREMONY", "DEV_TAU", "MANIFEST", "PublicFile", "check", "geometry_of", "load", "self_check", "write_dev"]

# Known to everybody, so that all parties of a devnet make the same set.
DEV_TAU: Final = 1234567890123456789012345678901234567890
MANIFEST: Final = "INSECURE-DEV-PARAMETERS.json"
MANIFEST_SIZE_BYTES_MAX: Final = 1 << 16
FILE_SIZE_BYTES_MAX: Final = 1 << 28
_FORMAT: Final = "zerog-da-dev-parameters-1"
_WARNING: Final = "tau is public: anybody can forge commitments and proofs under these parameters"
_READ_SIZE_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class PublicFile:
    """A file of the ceremony for the network's geometry."""

    name: str
    size_bytes: int
    sha256: str


# docs/protocol/da.md §1.10. Perpetual Powers of Tau, challenge 0084.
CEREMONY: Final = (
    PublicFile(
        "amt-verify-coset0-5DWgDV-10-20.bin", 67_371_104, "18bb6b7ba10785a79810180ddd27a6d467d2c0e24e6335e5bc95998e02c6a4f6"
    ),
    PublicFile(
        "amt-verify-coset1-5DWgDV-10-20.bin", 67_371_104, "19b024fed13e0ba60b17184c998dcccf12119b4fd0ab7c46394b8e024e99c48a"
    ),
    PublicFile(
        "amt-verify-coset2-5DWgDV-10-20.bin", 67_371_104, "5660a89402df7d47885b304b566d92e1c42349744e202d45fc61a0893bd796c9"
    ),
    PublicFile("power-tau-5DWgDV-20.bin", 134_217_816, "bc148cd9ce28f65a4bacbe174a232bee426afd32dfce73004ee38ca9afa46059"),
)


def write_dev(directory: Path, geometry: Geometry, *, tau: int = DEV_TAU) -> Setup:
    """Make a development set and write it; files that are there are replaced one by one, the manifest last.

    Raises:
        InvalidInput: a geometry or tau out of range, or a directory that holds files of the ceremony.
        OSError: the directory cannot be written.

    Cost: as ``commit.dev_setup``: seconds in the network's geometry; 290 bytes a cell on disk.
    """
    if any((directory / file.name).exists() for file in CEREMONY):
        raise InvalidInput(f"{directory}: holds parameters of the ceremony; choose another directory for development ones")
    setup = commit.dev_setup(geometry, tau)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MANIFEST).unlink(missing_ok=True)
    files: dict[str, dict[str, object]] = {}
    for index, name in enumerate(_dev_names()):
        data = setup.verify_file(index) if index < COSETS else setup.powers_file()
        write_atomic(directory / name, data)
        files[name] = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {
        "format": _FORMAT,
        "insecure": True,
        "warning": _WARNING,
        "rows": geometry.rows,
        "columns": geometry.columns,
        "files": files,
    }
    write_atomic(directory / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    return setup


def load(directory: Path, *, prover: bool, allow_insecure: bool) -> Setup:
    """The set of a directory, every file compared with its SHA-256 and every point with its curve.

    Args:
        prover: also read the powers; a verifier needs only the three verify files.
        allow_insecure: accept a development set.

    Raises:
        NotFound: no set there, or a file of it missing.
        InvalidInput: a development set where none is allowed.
        Corrupt: a file that is not what its hash says, or a broken manifest.
    """
    manifest = directory / MANIFEST
    if manifest.exists():
        if not allow_insecure:
            raise InvalidInput(f"{directory}: development parameters, whose tau is public; not for a network")
        geometry, files = _read_manifest(manifest)
    else:
        geometry, files = MAINNET, list(CEREMONY)
        if not (directory / CEREMONY[0].name).exists():
            raise NotFound(f"{directory}: expected {MANIFEST} or {CEREMONY[0].name}, found neither")
    parts = [_read(directory, file) for file in (files if prover else files[:COSETS])]
    try:
        powers = None
        if prover:
            powers = parts[COSETS] if manifest.exists() else commit.powers_from_ceremony(parts[COSETS], geometry)
        return commit.load_setup(geometry, parts[:COSETS], powers)
    except InvalidInput as error:
        raise Corrupt(f"{directory}: {error}") from error


def geometry_of(directory: Path) -> Geometry | None:
    """The shape of the set of a directory without reading it, None when there is none.

    Raises:
        Corrupt: a manifest that does not read.
    """
    if (directory / MANIFEST).exists():
        return _read_manifest(directory / MANIFEST)[0]
    return MAINNET if (directory / CEREMONY[0].name).exists() else None


def self_check(setup: Setup) -> None:
    """Whether the points belong together: a random blob is proved and random rows of each coset are verified.

    The pairings of a row compare basis, powers, G2 points and the shifted powers; a wrong point of G1 is found with
    overwhelming probability, one of G2 only if one of the rows has it among its siblings.

    Raises:
        Corrupt: some row does not verify.
    """
    geometry = setup.geometry
    made = commit.commit(setup, secrets.token_bytes(geometry.data_size_bytes_max))
    rows = sorted({coset * geometry.rows + secrets.randbelow(geometry.rows) for coset in range(COSETS) for _ in range(32)})
    words = commit.verify_slices(
        setup,
        [row.tobytes() for row in made.slices(rows)],
        [made.commitment] * len(rows),
        [made.encoded.data_root] * len(rows),
        seed=secrets.token_bytes(32),
    )
    bad = [f"row {row}: {word}" for row, word in zip(rows, words, strict=True) if word != commit.OK]
    if bad:
        raise Corrupt(f"parameters do not belong together: {', '.join(bad[:3])}")


def check(directory: Path, *, prover: bool) -> Setup:
    """``load`` with development sets allowed, then ``self_check`` where the powers are there.

    Raises:
        as both.
    """
    setup = load(directory, prover=prover, allow_insecure=True)
    if prover:
        self_check(setup)
    return setup


def _dev_names() -> list[str]:
    return [f"INSECURE-DEV-amt-verify-coset{coset}.bin" for coset in range(COSETS)] + ["INSECURE-DEV-powers.bin"]


def _read_manifest(path: Path) -> tuple[Geometry, list[PublicFile]]:
    try:
        if path.stat().st_size > MANIFEST_SIZE_BYTES_MAX:
            raise Corrupt(f"{path}: expected at most {MANIFEST_SIZE_BYTES_MAX} bytes")
        manifest: Any = json.loads(path.read_bytes())
        if manifest["format"] != _FORMAT or manifest["insecure"] is not True:
            raise Corrupt(f"{path}: expected format {_FORMAT} and its label")
        geometry = Geometry(int(manifest["rows"]), int(manifest["columns"]))
        entries = [(name, manifest["files"][name]) for name in _dev_names()]
        files = [PublicFile(name, int(entry["size_bytes"]), str(entry["sha256"])) for name, entry in entries]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Corrupt(f"{path}: {type(error).__name__} {error}") from error
    return geometry, files


def _read(directory: Path, file: PublicFile) -> bytes:
    path = directory / file.name
    if not path.exists():
        raise NotFound(f"{path}: missing")
    size = path.stat().st_size
    if size != file.size_bytes or size > FILE_SIZE_BYTES_MAX:
        raise Corrupt(f"{path}: expected {file.size_bytes} bytes, found {size}")
    digest, parts = hashlib.sha256(), []
    with path.open("rb") as source:
        while part := source.read(_READ_SIZE_BYTES):
            digest.update(part)
            parts.append(part)
    if digest.hexdigest() != file.sha256:
        raise Corrupt(f"{path}: expected sha-256 {file.sha256}, found {digest.hexdigest()}")
    return b"".join(parts)
