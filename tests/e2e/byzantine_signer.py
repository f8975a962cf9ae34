"""A signer process that lies: the package's own service with another's folder, keys and port, but for some of what it signs.

usage: ``python -m tests.e2e.byzantine_signer ORDERS SEED [argument of zerog.da.signer.service ...]``

It waits until whoever has the folder is gone. ORDERS is a folder: for a blob whose root, in hex, is a file's name in there, it
answers the lie of ``lies_kit`` that the file names, as often as it is asked, and writes that down in a file ``ROOT.said``. For
other blobs it is honest.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.unit.da import lies_kit

from zerog.da.signer import service
from zerog.da.signer.server import SignerServer
from zerog.errors import Conflict
from zerog.primitives import bls
from zerog.runtime import config, process
from zerog.runtime.disk import DirectoryLock
from zerog.runtime.rpc_grpc import Caller, Unary

WAITING = "waiting"
WAIT_S = 120


class Liar(SignerServer):
    """Serves rows like anybody, signs like nobody should."""

    orders: Path
    seed: int

    def __init__(self, store: Any, setup: Any, secret: bls.SecretKey, *rest: Any, **options: Any) -> None:
        super().__init__(store, setup, secret, *rest, **options)
        self._lies = lies_kit.lies(random.Random(self.seed), secret)

    def methods(self) -> dict[str, Unary]:
        own = super().methods()
        honest = own["BatchSign"]

        async def answer(request: Any, caller: Caller) -> Any:
            order = self.orders / bytes(request.requests[0].storage_root).hex()
            if not order.exists():
                return await honest(request, caller)
            kind = order.read_text()
            order.with_suffix(".said").write_text(kind)
            lie, _ = self._lies[kind]
            said = lie(request, None)
            return await said if asyncio.iscoroutine(said) else said

        return own | {"BatchSign": answer}


def main(arguments: Sequence[str]) -> int:
    orders, seed, *rest = arguments
    Liar.orders, Liar.seed = Path(orders), int(seed)
    home = Path(config.load(Path(rest[rest.index("--config") + 1])).config.da.signer.home)
    (Liar.orders / WAITING).touch()
    ends = time.monotonic() + WAIT_S
    while True:
        try:
            with DirectoryLock(home):
                break
        except Conflict:
            if time.monotonic() >= ends:
                raise
            time.sleep(0.01)
    with patch.object(service, "SignerServer", Liar):
        return process.main("byzantine_signer", __doc__, service.serve, rest)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
