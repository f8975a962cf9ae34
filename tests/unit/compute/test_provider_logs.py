"""The provider's log for its owner, and the older form of sessions: three headers."""

from __future__ import annotations

import logging
import stat
import time
from pathlib import Path

import pytest
from tests.unit.compute.provider_kit import ONE, World, eventually

from zerog.runtime import log

pytestmark = pytest.mark.slow

OWNER = 1


async def test_only_the_owner_reads_the_log_and_nothing_else(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    file = folder / "provider.log"
    events = log.get("zerog.test")
    root = logging.getLogger("zerog")
    before, level, up = root.handlers[:], root.level, root.propagate
    log.set_up(file=file, file_bytes_max=4000, files_max=2)
    try:
        for number in range(200):
            events.info("test.event", number=number)
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:], root.propagate = before, up
        root.setLevel(level)
    assert sorted(path.name for path in folder.iterdir()) == ["provider.log", "provider.log.1", "provider.log.2"]
    assert all(path.stat().st_size <= 4000 for path in folder.iterdir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (folder / "provider.log.key").write_text("secret")
    (folder / "provider.log.3").symlink_to(world.home / "provider.key")
    (tmp_path / "secret").write_text("secret")
    async with world.serving(log__file=str(file), compute__http__log_bytes_max=3000):
        mine = world.session_headers(OWNER)
        rows = (await world.get("/v1/logs", **mine)).json["logs"]
        assert {row["name"]: row["size"] for row in rows} == {
            path.name: path.stat().st_size for path in folder.iterdir() if path.name in {row["name"] for row in rows}
        }
        assert sorted(row["name"] for row in rows) == ["provider.log", "provider.log.1", "provider.log.2"]
        assert [row["isCurrentLog"] for row in rows if row["name"] == "provider.log"] == [True]
        assert {row["component"] for row in rows} == {"broker"}
        assert (await world.get("/v1/logs?component=event", **mine)).json == {"logs": []}
        assert (await world.get("/v1/logs?component=all", **mine)).status == 400
        whole = await world.get("/v1/logs/broker/provider.log", **mine)
        assert whole.body == file.read_bytes()[-3000:]
        assert b"number=199" in whole.body
        assert whole.headers["Content-Disposition"] == 'attachment; filename="broker-provider.log"'
        tail = await world.get("/v1/logs/broker/provider.log.1?tail=100", **mine)
        assert tail.body == (folder / "provider.log.1").read_bytes()[-100:]
        assert (await world.get("/v1/logs/broker/provider.log?tail=0", **mine)).body == b""
        for wrong in ("-1", "x", "9" * 30, "1e3"):
            assert (await world.get(f"/v1/logs/broker/provider.log?tail={wrong}", **mine)).status == 400, wrong
        for name in (
            "provider.log.3", "provider.log.key", "..%2fsecret", "..%2f..%2fsecret", "%2e%2e%2fsecret", "..%5csecret",
            "%2fetc%2fpasswd", "provider.log%00", "provider.log.1%2f..%2fprovider.log.key", "provider.log.", "PROVIDER.LOG",
        ):  # fmt: skip
            refused = await world.get(f"/v1/logs/broker/{name}", **mine)
            assert refused.status == 404, (name, refused.status)
            assert b"secret" not in refused.body
        assert (await world.get("/v1/logs/event/provider.log", **mine)).status == 404
        assert (await world.get("/v1/logs/other/provider.log", **mine)).status == 400
        now = int(time.time() * 1000)
        strangers = {
            "nobody": {}, "a user": world.session_headers(4), "signed by another": world.session_headers(OWNER, signer=4),
            "expired": world.session_headers(OWNER, timestamp=now - 9000_000, expiresAt=now - 1000),
            "for another provider": world.session_headers(OWNER, provider=world.people[4].address_text),
            "another address": mine | {"Address": world.people[4].address_text},
            "a user's key": {"Authorization": f"Bearer {world.key(4)}"},
            "the owner's key": {"Authorization": f"Bearer {world.key(OWNER)}"},
            "no signature": {name: value for name, value in mine.items() if name != "Session-Signature"},
            "no hex": mine | {"Session-Signature": "0xzz"},
        }  # fmt: skip
        for who, headers in strangers.items():
            for path in ("/v1/logs", "/v1/logs/broker/provider.log"):
                refused = await world.get(path, **headers)
                assert refused.status == 401, (who, path, refused.status)
    async with world.serving(acknowledge=False):
        assert (await world.get("/v1/logs", **world.session_headers(OWNER))).json == {"logs": []}
        assert (await world.get("/v1/logs/broker/provider.log", **world.session_headers(OWNER))).status == 404


async def test_sessions_of_the_second_generation(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        await eventually(lambda: world.parts.accounts.fresh)
        fee = f"/v1/user/{world.people[4].address_text}/unsettledfee"
        assert (await world.get(fee, **world.session_headers(4))).json == {"unsettledFee": "0"}
        assert (await world.get(fee, **world.session_headers(4, signer=5))).status == 401
        assert (await world.get(fee, **world.session_headers(5))).status == 403
        body = b'{"messages":[{"role":"user","content":"one two"}]}'
        headers = world.session_headers(4) | {"Content-Type": "application/json"}
        async with world.session.post(world.url + "/v1/proxy/chat/completions", data=body, headers=headers) as answer:
            assert answer.status == 200
