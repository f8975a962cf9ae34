"""The public network's host names on this machine, for official clients that hold them as constants.

The clients stay as published. A library that is preloaded (``official_compute/names.c``) leads names of ``.0g.ai`` to a server
here that has a certificate for them, made for this run, and hands each request on to the local network.
"""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import ipaddress
import os
import shutil
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.e2e.official_clients import MADE

SUFFIX = ".0g.ai"
RPC = "evmrpc-testnet.0g.ai"
INDEXER = "indexer-storage-testnet-turbo.0g.ai"
PROGRAM = "0g-storage-client"
SOURCE = Path(__file__).parent / "official_compute" / "names.c"
BODY_BYTES_MAX = 64 << 20


@dataclass
class PublicNames:
    """A running stand-in.

    Attributes:
        targets: what each host name leads to; one that is missing is answered with 502.
        environment: what a client is started with.
        asked: requests by host name.
    """

    targets: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)


def preload() -> Path:
    """The library, compiled once."""
    wanted = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    made = MADE / f"names-{wanted}.so"
    if not made.exists():
        compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
        assert compiler is not None, "a C compiler is needed, as for the package itself"
        MADE.mkdir(parents=True, exist_ok=True)
        working = made.with_suffix(f".{os.getpid()}")
        command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", str(SOURCE), "-o", str(working)]
        subprocess.run([*command, "-ldl", "-lpthread"], check=True, timeout=60)
        working.replace(made)
    return made


def certificate(place: Path, names: list[str]) -> tuple[Path, Path]:
    """One that signs itself, for the names: its file, and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zerog tests")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [*(x509.DNSName(host) for host in names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = place / "names.pem", place / "names.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.touch(mode=0o600)
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    return pem, secret


async def _hand_on(names: PublicNames, session: aiohttp.ClientSession, request: web.Request) -> web.Response:
    """A request to a host name, answered by what the name leads to."""
    host = request.host.partition(":")[0]
    names.asked[host] += 1
    target = names.targets.get(host)
    if target is None:
        return web.Response(status=502, text=f"{host} leads nowhere")
    body = await request.read()
    headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
    async with session.request(request.method, target.rstrip("/") + request.path_qs, data=body, headers=headers) as answer:
        return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)


@contextmanager
def public_names(place: Path, *, rpc: str, indexer: str) -> Iterator[PublicNames]:
    """The names of the test network's chain and storage indexer lead to ours inside the block."""
    made = PublicNames({RPC: rpc, INDEXER: indexer})
    pem, secret = certificate(place, list(made.targets))
    loop, up, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    ports: list[int] = []

    async def serve() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, secret)
        async with aiohttp.ClientSession() as session:
            app = web.Application(client_max_size=BODY_BYTES_MAX)

            async def answer(request: web.Request) -> web.Response:
                return await _hand_on(made, session, request)

            app.router.add_route("*", "/{path:.*}", answer)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
                ports.append(runner.addresses[0][1])
                up.set()
                await stop.wait()
            finally:
                await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="public-names")
    thread.start()
    try:
        assert up.wait(30)
        made.environment = {
            "LD_PRELOAD": str(preload()), "GODEBUG": "netdns=cgo", "SSL_CERT_FILE": str(pem), "ZEROG_NAMES_SUFFIX": SUFFIX,
            "ZEROG_NAMES_PORT": str(ports[0]), "ZEROG_NAMES_PROGRAM": PROGRAM,
        }  # fmt: skip
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()
