"""What a service is: a name, and ``run``.

A service opens its resources inside ``run`` (``async with``), calls ``ready()`` once when it can serve, and returns only
by being cancelled or by raising.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Ready = Callable[[], None]


@runtime_checkable
class Service(Protocol):
    """One thing that a node keeps running."""

    name: str

    async def run(self, ready: Ready) -> None:
        """Serve until cancelled.

        Resources: opened here and closed before this returns, also on cancellation.
        Errors: whatever is raised stops the node; the exit line names this service.
        """
        ...
