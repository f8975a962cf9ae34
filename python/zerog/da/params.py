"""Files of public parameters: development sets that we make, and those of the network's ceremony.

A directory holds one set. Development sets carry ``INSECURE`` in every name and in their manifest; the network's files keep
their public names and are accepted only with the SHA-256 of the table below; sets that we built from the points of a ceremony
have a manifest of their own. Blocking functions: run them in a worker.

The network's files have never been fetched where this was written: the code for them is tested with files of the same formats
made from a known tau.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zerog.errors import Corrupt, InvalidInput, NotFound
from zerog.primitives import commit
from zerog.primitives.blob import COSETS, MAINNET, Geometry
from zerog.primitives.commit import Setup
from zerog.runtime.disk import write_atomic
from zerog.runtime.download import download, read_range

__all__ = [
    "BUILT_MANIFEST",
    "CEREMONY",
    "CHALLENGE_LOG_POWERS",
    "DEV_TAU",
    "MANIFEST",
    "PROVERS",
    "PublicFile",
    "build_from_challenge",
    "build_from_powers",
    "build_from_provers",
    "check",
    "fetch",
    "geometry_of",
    "is_the_networks",
    "load",
    "self_check",
    "write_dev",
]

# Known to everybody, so that all parties of a devnet make the same set.
DEV_TAU: Final = 1234567890123456789012345678901234567890
MANIFEST: Final = "INSECURE-DEV-PARAMETERS.json"
BUILT_MANIFEST: Final = "PARAMETERS.json"
MANIFEST_SIZE_BYTES_MAX: Final = 1 << 16
FILE_SIZE_BYTES_MAX: Final = 1 << 28
CHALLENGE_LOG_POWERS: Final = 28
_FORMAT: Final = "zerog-da-dev-parameters-1"
_BUILT_FORMAT: Final = "zerog-da-parameters-1"
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


# The files that the network's provers load; each coset's is accepted in either of its two encodings.
PROVERS: Final = (
    PublicFile(
        "amt-prove-coset0-mont-5DWgDV-10-20.bin",
        805_568_518,
        "6c1d7837e5380ca7e09e1f396b4f8ff3ec546cabcccc7bc65f6439a75a791a80",
    ),
    PublicFile(
        "amt-prove-coset1-mont-5DWgDV-10-20.bin",
        805_568_518,
        "a9f4f6b07a0d66620d652227233c42d12d2726c00f802eadd0e46db68917885a",
    ),
    PublicFile(
        "amt-prove-coset2-mont-5DWgDV-10-20.bin",
        805_568_518,
        "0314657436c124f2b00c7bb4e239dc551ab4f0f732516ad9dd656ec12b091c17",
    ),
)
# The same in canonical form.
_PROVERS_CANONICAL: Final = {
    "amt-prove-coset0-5DWgDV-10-20.bin": "a132ba9fa48c338c478a3e9d7d1cde13d77c6096d3cca1ac28f091315ca58428",
    "amt-prove-coset1-5DWgDV-10-20.bin": "58ee8752e93408b79f3640d7712f5915213e69b872a3393ac67824d29d95379c",
    "amt-prove-coset2-5DWgDV-10-20.bin": "0f12211c21816a55ef856fc4f22532e4a5f286bb68d7dfec0f8102a224613533",
}


def write_dev(directory: Path, geometry: Geometry, *, tau: int = DEV_TAU) -> Setup:
    """Make a development set and write it; files that are there are replaced one by one, the manifest last.

    Raises:
        InvalidInput: a geometry or tau out of range, or a directory that holds files of the ceremony.
        OSError: the directory cannot be written.

    Cost: as ``commit.dev_setup``: seconds in the network's geometry; 290 bytes a cell on disk.
    """
    _check_vacant(directory, MANIFEST)
    setup = commit.dev_setup(geometry, tau)
    _write(directory, setup, MANIFEST, {"format": _FORMAT, "insecure": True, "warning": _WARNING})
    return setup


def fetch(
    directory: Path,
    base_url: str,
    *,
    prover: bool,
    progress: Callable[[str, int, int], None] | None = None,
    files: Sequence[PublicFile] = CEREMONY,
) -> list[str]:
    """Download the network's files from a place that has them under their public names; accepted only with their SHA-256.

    What is there and right is left alone; what an earlier attempt began is resumed.

    Args:
        prover: also ``power-tau-…``, which only provers need.
        progress: called with a file's name, its bytes so far and in all.

    Returns:
        the names of what was fetched now.

    Raises:
        InvalidInput: a URL that is not http(s), or a directory that holds another set.
        Unavailable, PeerFault: as ``runtime.download``.
        OSError: the directory cannot be written.
    """
    if any((directory / other).exists() for other in (MANIFEST, BUILT_MANIFEST)):
        raise InvalidInput(f"{directory}: holds parameters of another kind; choose another directory")
    directory.mkdir(parents=True, exist_ok=True)
    fetched = []
    for file in files if prover else files[:COSETS]:

        def tell(done: int, file: PublicFile = file) -> None:
            if progress is not None:
                progress(file.name, done, file.size_bytes)

        url = f"{base_url.rstrip('/')}/{file.name}"
        if download(url, directory / file.name, size_bytes=file.size_bytes, sha256=file.sha256, progress=tell):
            fetched.append(file.name)
    return fetched


def build_from_powers(directory: Path, powers: Path, geometry: Geometry = MAINNET) -> Setup:
    """All parameters from one ``power-tau-…`` file (either encoding), written as a set.

    The file is checked to hold the powers of one tau; that nobody knows that tau is for its maker to vouch. See
    ``is_the_networks``.

    Raises:
        InvalidInput: the file is not of this geometry or not one tau's, or the directory holds another set.
        OSError: as reading and writing do.

    Cost: minutes in the network's geometry (docs/kernels/amt.md).
    """
    _check_vacant(directory, BUILT_MANIFEST)
    with _mapped(powers) as view:
        setup = commit.setup_from_powers(view, geometry, seed=secrets.token_bytes(32))
    return _built(directory, setup, powers.name)


def build_from_provers(directory: Path, provers: Sequence[Path], geometry: Geometry = MAINNET) -> Setup:
    """The same from the three ``amt-prove-coset…`` files that the network's encoder has.

    Files under their public names must have their SHA-256.

    Raises:
        Corrupt: a public name with other bytes.
        InvalidInput, OSError: as ``build_from_powers``.
    """
    _check_vacant(directory, BUILT_MANIFEST)
    known = {file.name: file.sha256 for file in PROVERS} | _PROVERS_CANONICAL
    for path in provers:
        if path.name in known and _digest(path) != known[path.name]:
            raise Corrupt(f"{path}: expected sha-256 {known[path.name]}")
    if len(provers) != COSETS:
        raise InvalidInput(f"provers: expected three files, found {len(provers)}")
    with _mapped(provers[0]) as first, _mapped(provers[1]) as second, _mapped(provers[2]) as third:
        setup = commit.setup_from_provers([first, second, third], geometry, seed=secrets.token_bytes(32))
    return _built(directory, setup, ", ".join(path.name for path in provers))


def build_from_challenge(
    directory: Path,
    challenge: str,
    geometry: Geometry = MAINNET,
    *,
    log_powers: int = CHALLENGE_LOG_POWERS,
    progress: Callable[[int, int], None] | None = None,
) -> Setup:
    """The same from a ``challenge`` file of Perpetual Powers of Tau, of which only the pieces needed are read.

    The shift is 2^log_powers - rows · columns, as the network chose it.

    Args:
        challenge: a path, or a URL of a server that gives ranges: 1,028 of them, 130 MiB, in the network's geometry.
        log_powers: the file holds 2^log_powers powers in G2 and 2^(log_powers + 1) - 1 in G1.
        progress: called with pieces so far and in all.

    Raises:
        InvalidInput, OSError: as ``build_from_powers``.
        Unavailable, PeerFault: as ``runtime.download.read_range``.
    """
    _check_vacant(directory, BUILT_MANIFEST)
    pieces = _challenge_pieces(challenge, geometry, log_powers, progress or (lambda _done, _total: None))
    setup = commit.setup_from_challenge(pieces, geometry, seed=secrets.token_bytes(32))
    return _built(directory, setup, challenge.rpartition("/")[2])


def is_the_networks(setup: Setup) -> bool:
    """Whether the verifier's part is the network's, byte for byte: by the SHA-256 of its three files."""
    return setup.geometry == MAINNET and all(
        hashlib.sha256(setup.verify_file(coset)).hexdigest() == CEREMONY[coset].sha256 for coset in range(COSETS)
    )


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
    described = False
    if (directory / MANIFEST).exists():
        if not allow_insecure:
            raise InvalidInput(f"{directory}: development parameters, whose tau is public; not for a network")
        geometry, files = _read_manifest(directory / MANIFEST)
        described = True
    elif (directory / BUILT_MANIFEST).exists():
        geometry, files = _read_manifest(directory / BUILT_MANIFEST)
        described = True
    else:
        geometry, files = MAINNET, list(CEREMONY)
        if not (directory / CEREMONY[0].name).exists():
            raise NotFound(f"{directory}: expected {MANIFEST}, {BUILT_MANIFEST} or {CEREMONY[0].name}, found none")
    parts = [_read(directory, file) for file in (files if prover else files[:COSETS])]
    try:
        powers = None
        if prover:
            powers = parts[COSETS] if described else commit.powers_from_ceremony(parts[COSETS], geometry)
        return commit.load_setup(geometry, parts[:COSETS], powers)
    except InvalidInput as error:
        raise Corrupt(f"{directory}: {error}") from error


def geometry_of(directory: Path) -> Geometry | None:
    """The shape of the set of a directory without reading it, None when there is none.

    Raises:
        Corrupt: a manifest that does not read.
    """
    for manifest in (MANIFEST, BUILT_MANIFEST):
        if (directory / manifest).exists():
            return _read_manifest(directory / manifest)[0]
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
    power_tau = directory / CEREMONY[COSETS].name
    if prover and power_tau.exists() and not (directory / MANIFEST).exists() and not (directory / BUILT_MANIFEST).exists():
        try:
            with _mapped(power_tau) as view:
                commit.check_powers(view, setup.geometry, seed=secrets.token_bytes(32))
        except InvalidInput as error:
            raise Corrupt(f"{power_tau}: {error}") from error
    return setup


def _names(manifest: str) -> list[str]:
    prefix = "INSECURE-DEV-" if manifest == MANIFEST else "built-"
    return [f"{prefix}amt-verify-coset{coset}.bin" for coset in range(COSETS)] + [f"{prefix}powers.bin"]


def _check_vacant(directory: Path, manifest: str) -> None:
    """Raises InvalidInput for a directory that holds a set of another kind."""
    for name in {MANIFEST, BUILT_MANIFEST, *(file.name for file in CEREMONY)} - {manifest}:
        if (directory / name).exists():
            kind = "the ceremony" if name not in (MANIFEST, BUILT_MANIFEST) else "another kind"
            raise InvalidInput(f"{directory}: holds parameters of {kind} ({name}); choose another directory")


def _write(directory: Path, setup: Setup, name: str, facts: dict[str, object]) -> None:
    """The four files of a set, the manifest last."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).unlink(missing_ok=True)
    files: dict[str, dict[str, object]] = {}
    for index, file in enumerate(_names(name)):
        data = setup.verify_file(index) if index < COSETS else setup.powers_file()
        write_atomic(directory / file, data)
        files[file] = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {**facts, "rows": setup.geometry.rows, "columns": setup.geometry.columns, "files": files}
    write_atomic(directory / name, (json.dumps(manifest, indent=1) + "\n").encode())


def _built(directory: Path, setup: Setup, source: str) -> Setup:
    self_check(setup)
    facts = {"format": _BUILT_FORMAT, "insecure": False, "source": source, "is_the_networks": is_the_networks(setup)}
    _write(directory, setup, BUILT_MANIFEST, facts)
    return setup


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as source:
        try:
            return mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise InvalidInput(f"{path}: expected a file with bytes in it") from None


def _challenge_pieces(challenge: str, geometry: Geometry, log_powers: int, progress: Callable[[int, int], None]) -> list[bytes]:
    """Layout: a hash of 64 bytes, powers in G1 (64 bytes each), powers in G2 (128 each), more that is not needed."""
    count = geometry.rows * geometry.columns
    if not count <= 1 << log_powers <= 1 << 40:
        raise InvalidInput(f"log_powers: expected at least {count.bit_length() - 1} and at most 40, found {log_powers}")
    shift, g1_at = (1 << log_powers) - count, 64
    g2_at = g1_at + 64 * ((2 << log_powers) - 1)
    spans = [(g1_at, 64 * count), (g1_at + 64 * shift, 64 * count)]
    spans += [(g2_at + 128 * geometry.columns * j, 128) for j in range(geometry.rows)]
    spans += [(g2_at + 128, 128), (g2_at + 128 * shift, 128)]
    found: list[bytes] = []
    if "://" in challenge:
        for offset, size in spans:
            found.append(read_range(challenge, offset, size))
            progress(len(found), len(spans))
    else:
        with open(challenge, "rb") as source:
            for offset, size in spans:
                source.seek(offset)
                piece = source.read(size)
                if len(piece) != size:
                    raise InvalidInput(f"{challenge}: expected {size} bytes from {offset}, found {len(piece)}")
                found.append(piece)
                progress(len(found), len(spans))
    return [found[0], found[1], b"".join(found[2:-2]), found[-2], found[-1]]


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _read_manifest(path: Path) -> tuple[Geometry, list[PublicFile]]:
    form, insecure = (_FORMAT, True) if path.name == MANIFEST else (_BUILT_FORMAT, False)
    try:
        if path.stat().st_size > MANIFEST_SIZE_BYTES_MAX:
            raise Corrupt(f"{path}: expected at most {MANIFEST_SIZE_BYTES_MAX} bytes")
        manifest: Any = json.loads(path.read_bytes())
        if manifest["format"] != form or manifest["insecure"] is not insecure:
            raise Corrupt(f"{path}: expected format {form} and its label")
        geometry = Geometry(int(manifest["rows"]), int(manifest["columns"]))
        entries = [(name, manifest["files"][name]) for name in _names(path.name)]
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
