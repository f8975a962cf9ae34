"""Downloads: whole or not at all, resumed, bounded, and never a byte with another digest."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from http_files import Files, serving

from zerog.errors import InvalidInput, PeerFault, Unavailable
from zerog.runtime.download import download, read_range


def get(files: Files, target: Path, data: bytes, **more: int) -> bool:
    return download(
        f"{files.base_url}/file",
        target,
        size_bytes=more.get("size", len(data)),
        sha256=hashlib.sha256(data).hexdigest(),
        pause_s=0.001,
        timeout_s=5,
    )


def test_whole_then_left_alone(tmp_path: Path, seed: int) -> None:
    data = random.Random(seed).randbytes(300_000)
    target, told = tmp_path / "file", list[int]()
    with serving(Files({"file": data})) as files:
        url, digest = f"{files.base_url}/file", hashlib.sha256(data).hexdigest()
        assert download(url, target, size_bytes=len(data), sha256=digest, progress=told.append)
        assert not download(url, target, size_bytes=len(data), sha256=digest)
        assert len(files.asked) == 1
    assert target.read_bytes() == data
    assert told[0] == 0
    assert told[-1] == len(data)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_connections_are_resumed(tmp_path: Path, seed: int, ranges: bool) -> None:
    data = random.Random(seed).randbytes(50_000)
    target = tmp_path / "file"
    with serving(Files({"file": data}, ranges=ranges, cut_after=[10_000, 20_000, 30_000], statuses=[503])) as files:
        assert get(files, target, data)
        spans = [span for _, span in files.asked]
    assert target.read_bytes() == data
    assert spans[2] == "bytes=10000-"
    if ranges:
        assert spans[3] == "bytes=30000-"


def test_an_earlier_processes_part_is_used(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    part = tmp_path / "file.part"
    with serving(Files({"file": data})) as files:
        part.write_bytes(data[:5000])
        assert get(files, tmp_path / "file", data)
        assert files.asked == [("/file", "bytes=5000-")]
        (tmp_path / "file").unlink()
        part.write_bytes(data + b"more than all")
        assert get(files, tmp_path / "file", data)
        assert files.asked[1] == ("/file", "")
        (tmp_path / "file").unlink()
        part.write_bytes(data)  # complete, only not yet renamed
        assert get(files, tmp_path / "file", data)
        assert len(files.asked) == 2
    assert (tmp_path / "file").read_bytes() == data


def test_a_wrong_file_is_never_there(tmp_path: Path) -> None:
    data = bytes(10_000)
    wrong = data[:-1] + b"\1"
    target = tmp_path / "file"
    with serving(Files({"file": wrong})) as files:
        with pytest.raises(PeerFault, match="sha-256"):
            get(files, target, data)
        files.content["file"] = data + b"\0"
        with pytest.raises(PeerFault, match="found more"):
            get(files, target, data)
        assert list(tmp_path.iterdir()) == []
        # A false beginning from another run is found at the end, and does not stay.
        files.content["file"] = data
        (tmp_path / "file.part").write_bytes(b"\1" * 500)
        with pytest.raises(PeerFault, match="sha-256"):
            get(files, target, data)
        assert get(files, target, data)
    assert target.read_bytes() == data


def test_refusals_and_short_files_end(tmp_path: Path) -> None:
    data = bytes(1000)
    with serving(Files({})) as files:
        with pytest.raises(Unavailable, match="404"):
            get(files, tmp_path / "file", data)
        assert len(files.asked) == 1
        files.content["file"] = data
        files.statuses = [500] * 5
        with pytest.raises(Unavailable, match="500"):
            get(files, tmp_path / "file", data)
        files.content["file"] = data[:100]
        with pytest.raises(Unavailable):
            get(files, tmp_path / "file", data)
        files.content["file"], files.shifted = data, True
        (tmp_path / "file.part").write_bytes(data[:100])
        with pytest.raises(PeerFault, match="from 100"):
            get(files, tmp_path / "file", data)
    with pytest.raises(Unavailable):
        get(files, tmp_path / "file", data)  # nobody listens any more


def test_only_http(tmp_path: Path) -> None:
    local = tmp_path / "secret"
    local.write_bytes(b"x")
    for url in ("ftp://127.0.0.1/x", f"file://{local}", "http://", "gopher:x", ""):
        with pytest.raises(InvalidInput, match="url"):
            download(url, tmp_path / "file", size_bytes=1, sha256=hashlib.sha256(b"x").hexdigest())
        with pytest.raises(InvalidInput, match="url"):
            read_range(url, 0, 1)
    for place in (f"file://{local}", "ftp://127.0.0.1:9/x"):
        with serving(Files({"file": b"x"}, redirect=place)) as files, pytest.raises((Unavailable, PeerFault)):
            get(files, tmp_path / "file", b"x")
    assert not (tmp_path / "file").exists()


def test_ranges(seed: int) -> None:
    data = random.Random(seed).randbytes(10_000)
    with serving(Files({"file": data})) as files:
        url = f"{files.base_url}/file"
        assert read_range(url, 0, 1) == data[:1]
        assert read_range(url, 9_000, 1_000) == data[9_000:]
        for offset, size in ((9_500, 501), (10_000, 1)):
            with pytest.raises((PeerFault, Unavailable)):
                read_range(url, offset, size)
        files.ranges = False
        with pytest.raises(PeerFault, match="200"):
            read_range(url, 5, 10)
