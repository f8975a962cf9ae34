"""A client that costs next to nothing: many HTTP streams at once over plain sockets, looked at when all have ended.

A process of its own: a line of JSON in names the target and the requests, a line out tells what came and what it cost. Sockets
are read together every few milliseconds, so that the client wakes for a step's tokens once and not for every token; the time of
a first token is as exact as that.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

PAUSE_S = 0.005
TEXT = b'"delta":{"content":"'
"""The first token's text has come when this has."""


@dataclass(slots=True)
class Stream:
    """One request."""

    socket: socket.socket
    parts: list[bytes] = field(default_factory=list)
    first_s: float = 0.0
    last_s: float = 0.0


def run(host: str, port: int, requests: list[bytes], timeout_s: float) -> dict[str, Any]:
    """Send all requests at once and read every answer to the end of its connection."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    poll = select.epoll()
    streams: dict[int, Stream] = {}
    begun = time.monotonic()
    for request in requests:
        one = socket.create_connection((host, port), timeout=timeout_s)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(request)
        one.setblocking(False)
        streams[one.fileno()] = Stream(one)
        poll.register(one.fileno(), select.EPOLLIN)
    open_count, told = len(streams), list(streams.values())
    while open_count:
        now = time.monotonic()
        if now - begun > timeout_s:
            raise TimeoutError(f"{open_count} of {len(told)} streams are still open after {timeout_s:g} s")
        for number, _ in poll.poll(0.05, len(told)):
            stream = streams[number]
            data = stream.socket.recv(1 << 18)
            if data:
                stream.parts.append(data)
                if not stream.first_s and TEXT in b"".join(stream.parts):
                    stream.first_s = now - begun
                stream.last_s = now - begun
            else:
                poll.unregister(number)
                stream.socket.close()
                open_count -= 1
        time.sleep(PAUSE_S)
    ended = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": ended,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "first_s": [stream.first_s for stream in told],
        "last_s": [stream.last_s for stream in told],
        "answers": [b"".join(stream.parts).decode("latin-1") for stream in told],
    }


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        requests = [request.encode() for request in job["requests"]]
        print(json.dumps(run(job["host"], job["port"], requests, job["timeout_s"])), flush=True)


if __name__ == "__main__":
    main()
