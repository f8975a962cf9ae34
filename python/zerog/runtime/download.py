"""Large files over HTTP: resumed where an earlier attempt ended, bounded, and accepted only with the right digest.

Blocking functions for commands, not for services: they run on the caller's thread.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from zerog.errors import InvalidInput, PeerFault, Unavailable

__all__ = ["download", "read_range"]

_CHUNK_SIZE_BYTES: Final = 1 << 20
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.5
_AGENT: Final = "zerog"


def download(
    url: str,
    target: Path,
    *,
    size_bytes: int,
    sha256: str,
    progress: Callable[[int], None] | None = None,
    timeout_s: float = 30,
    pause_s: float = _PAUSE_S,
) -> bool:
    """Fetch a file whose size and digest are known beforehand.

    What has come stays in ``target.part`` when the connection breaks or the process ends; the next attempt asks for the rest.
    ``target`` appears whole, and only with that digest.

    Args:
        progress: called with the bytes there are, the ones of earlier attempts included.
        timeout_s: of connecting and of every single read.
        pause_s: before the second attempt; it doubles.

    Returns:
        False when ``target`` was there already and right; nothing was fetched then.

    Raises:
        InvalidInput: a URL that is not http(s).
        Unavailable: five attempts in a row brought nothing new, or the server refuses.
        PeerFault: more bytes than ``size_bytes``, or another digest; what came is deleted.
        OSError: the file cannot be written.
    """
    _check_url(url)
    tell = progress or (lambda _: None)
    if target.exists() and target.stat().st_size == size_bytes and _digest(target) == sha256:
        tell(size_bytes)
        return False
    part = target.with_name(f"{target.name}.part")
    failures, most = 0, _size(part, size_bytes)
    while (have := _size(part, size_bytes)) < size_bytes:
        tell(have)
        try:
            _fetch_rest(url, part, have, size_bytes, timeout_s, tell)
        except (OSError, http.client.HTTPException) as error:
            if not _is_network(error):
                raise
            # A server that makes us begin again and again brings nothing new.
            now = _size(part, size_bytes)
            failures = 0 if now > most else failures + 1
            most = max(most, now)
            if failures >= _ATTEMPTS:
                raise Unavailable(f"{url}: {type(error).__name__} {error}") from error
            time.sleep(min(10.0, pause_s * 2**failures))
    found = _digest(part)
    if found != sha256:
        part.unlink()
        raise PeerFault(f"{url}: expected sha-256 {sha256}, found {found}; what came is deleted")
    os.replace(part, target)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return True


def read_range(url: str, offset: int, size_bytes: int, *, timeout_s: float = 30) -> bytes:
    """A part of a file.

    Raises:
        InvalidInput: a URL that is not http(s).
        Unavailable: nobody answers, or the server refuses.
        PeerFault: another part than was asked for.
    """
    _check_url(url)
    try:
        with _open(url, timeout_s, f"bytes={offset}-{offset + size_bytes - 1}") as answer:
            data: bytes = answer.read(size_bytes + 1)
            status = answer.status
    except (OSError, http.client.HTTPException) as error:
        if not _is_network(error):
            raise
        raise Unavailable(f"{url}: {type(error).__name__} {error}") from error
    if status != 206 or len(data) != size_bytes:
        raise PeerFault(f"{url}: expected {size_bytes} bytes from {offset} (206), found {len(data)} ({status})")
    return data


def _check_url(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"url: expected http:// or https://, found {url[:100]!r}")


@cache
def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _open(url: str, timeout_s: float, span: str | None) -> Any:
    """Only http and https, redirects included: no files, no ftp."""
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"})
    if span is not None:
        request.add_header("Range", span)
    answer = _opener().open(request, timeout=timeout_s)
    if answer is None:
        raise PeerFault(f"{url}: sent us to a place that is not http(s)")
    return answer


def _fetch_rest(url: str, part: Path, have: int, size_bytes: int, timeout_s: float, tell: Callable[[int], None]) -> None:
    try:
        answer = _open(url, timeout_s, f"bytes={have}-" if have else None)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # it does not have what we have: begin again
            part.unlink(missing_ok=True)
        elif 400 <= error.code < 500 and error.code not in (408, 429):
            raise Unavailable(f"{url}: {error.code} {error.reason}") from None
        raise
    with answer:
        resumed = answer.status == 206
        if resumed and not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
            raise PeerFault(f"{url}: expected the bytes from {have}, found {answer.headers.get('Content-Range')!r}")
        at = have if resumed else 0
        with part.open("ab" if resumed else "wb") as out:
            while chunk := answer.read(_CHUNK_SIZE_BYTES):
                at += len(chunk)
                if at > size_bytes:
                    out.close()
                    part.unlink()
                    raise PeerFault(f"{url}: expected {size_bytes} bytes, found more; what came is deleted")
                out.write(chunk)
                tell(at)
            out.flush()
            os.fsync(out.fileno())
    if at < size_bytes:
        raise ConnectionResetError(f"the answer ended after {at} of {size_bytes} bytes")


def _is_network(error: Exception) -> bool:
    """Whether it is about the connection, not about our disk."""
    return isinstance(error, urllib.error.URLError | http.client.HTTPException | ConnectionError | TimeoutError | ssl.SSLError)


def _size(part: Path, size_bytes: int) -> int:
    """Bytes of an earlier attempt; a file longer than the whole is no such thing and goes."""
    if not part.exists():
        return 0
    size = part.stat().st_size
    if size > size_bytes:
        part.unlink()
        return 0
    return size


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
