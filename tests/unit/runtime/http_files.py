"""A file server for tests: ranges, and faults on demand. Real sockets on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Files:
    """What is served, how, and what was asked for."""

    content: dict[str, bytes]
    base_url: str = ""
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)  # of each answer in turn: bytes before the connection breaks
    statuses: list[int] = field(default_factory=list)  # refusals in turn, before anything is served
    redirect: str = ""
    shifted: bool = False  # claims another range than asked for
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def serving(files: Files) -> Iterator[Files]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            span = self.headers.get("Range", "")
            files.asked.append((self.path, span))
            body = files.content.get(self.path.removeprefix("/"))
            status = files.statuses.pop(0) if files.statuses else 404 if body is None else 200
            if files.redirect:
                self.send_response(302)
                self.send_header("Location", files.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if body is None or status != 200:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            begin, end = 0, len(body)
            if span and files.ranges:
                first, _, last = span.removeprefix("bytes=").partition("-")
                begin, end = int(first), min(len(body), int(last) + 1 if last else len(body))
                if begin >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                shown = begin + files.shifted
                self.send_header("Content-Range", f"bytes {shown}-{end - 1}/{len(body)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(end - begin))
            self.end_headers()
            part = body[begin:end]
            if files.cut_after:
                self.wfile.write(part[: files.cut_after.pop(0)])
                self.close_connection = True
            else:
                self.wfile.write(part)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    files.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
