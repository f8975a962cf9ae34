"""Key-value streams said plainly: one dict of every version, rules written down one after the other, no database.

From docs/protocol/storage.md, section 3.6, and slow. A submission is ``(seq, sender, tags, blob)`` with the blob as the values
that were put into it, never as bytes: what is encoded and decoded is not this file's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GROUPS = {
    "grant-admin": 0, "renounce-admin": 0, "special": 1, "normal": 1, "grant-writer": 2, "revoke-writer": 2,
    "renounce-writer": 2, "grant-key-writer": 3, "revoke-key-writer": 3, "renounce-key-writer": 3,
}  # fmt: skip
Op = tuple[str, bytes, bytes, bytes]
"""Name, stream, key, account; empty where the operation has none."""


@dataclass
class Blob:
    version: int
    reads: list[tuple[bytes, bytes]] = field(default_factory=list)
    writes: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    access: list[Op] = field(default_factory=list)


@dataclass
class Streams:
    """All that was ever committed: ``values[stream, key][seq]`` and the operations of each submission in their order."""

    monitored: set[bytes]
    values: dict[tuple[bytes, bytes], dict[int, bytes]] = field(default_factory=dict)
    ops: list[tuple[int, Op]] = field(default_factory=list)
    results: dict[int, str] = field(default_factory=dict)

    # --- questions ---

    def get(self, stream: bytes, key: bytes, version: int) -> tuple[int, bytes] | None:
        seqs = [seq for seq in self.values.get((stream, key), {}) if seq <= version]
        return (max(seqs), self.values[stream, key][max(seqs)]) if seqs else None

    def pairs(self, stream: bytes, version: int) -> list[tuple[bytes, int, bytes]]:
        """Every key that is there and not deleted, in order."""
        found = []
        for owner, key in sorted(self.values):
            here = self.get(owner, key, version)
            if owner == stream and here is not None and here[1]:
                found.append((key, *here))
        return found

    def new(self, stream: bytes, version: int) -> bool:
        return not any(op[1] == stream and seq <= version for seq, op in self.ops)

    def last_op(self, names: tuple[str, ...], stream: bytes, key: bytes, account: bytes, version: int) -> str:
        found = ""
        for seq, op in self.ops:
            if seq <= version and op[0] in names and op[1:] == (stream, key, account):
                found = op[0]
        return found

    def admin(self, account: bytes, stream: bytes, version: int) -> bool:
        return self.last_op(("grant-admin", "renounce-admin"), stream, b"", account, version) == "grant-admin"

    def special(self, stream: bytes, key: bytes, version: int) -> bool:
        return self.last_op(("special", "normal"), stream, key, b"", version) == "special"

    def writer(self, account: bytes, stream: bytes, version: int) -> bool:
        names = ("grant-writer", "revoke-writer", "renounce-writer")
        return self.last_op(names, stream, b"", account, version) == "grant-writer"

    def key_writer(self, account: bytes, stream: bytes, key: bytes, version: int) -> bool:
        names = ("grant-key-writer", "revoke-key-writer", "renounce-key-writer")
        return self.last_op(names, stream, key, account, version) == "grant-key-writer"

    def may_write(self, account: bytes, stream: bytes, key: bytes, version: int) -> bool:
        if self.new(stream, version) or self.admin(account, stream, version):
            return True
        if self.special(stream, key, version):
            return self.key_writer(account, stream, key, version)
        return self.writer(account, stream, version)

    def may_write_something(self, account: bytes, stream: bytes, version: int) -> bool:
        keys = {op[2] for _, op in self.ops if op[1] == stream and op[0] == "grant-key-writer"}
        return (
            self.new(stream, version)
            or self.admin(account, stream, version)
            or self.writer(account, stream, version)
            or any(self.key_writer(account, stream, key, version) for key in keys)
        )

    # --- a submission ---

    def submit(self, seq: int, sender: bytes, tags: list[bytes], blob: Blob) -> str | None:
        """What becomes of it; None when it is not about streams held here."""
        if not tags or any(stream not in self.monitored for stream in tags):
            return None
        result = self._result(seq, sender, tags, blob)
        self.results[seq] = result
        return result

    def _result(self, seq: int, sender: bytes, tags: list[bytes], blob: Blob) -> str:
        if not any(self.may_write_something(sender, stream, seq) for stream in tags):
            return "SenderNoWritePermission"
        for stream, key in blob.reads:
            if stream not in self.monitored:
                return "TagsMismatch"
            if (self.get(stream, key, seq) or (0, b""))[0] > blob.version:
                return "VersionConfliction"
        for stream, key, _ in blob.writes:
            if stream not in tags:
                return "TagsMismatch"
            if (self.get(stream, key, seq) or (0, b""))[0] > blob.version:
                return "VersionConfliction"
            if not self.may_write(sender, stream, key, seq):
                return "WritePermissionDenied"
        admins = {stream for stream in tags if self.new(stream, seq) or self.admin(sender, stream, seq)}
        kept: dict[tuple[int, bytes, bytes, bytes], Op] = {}
        for stream in tags:
            if self.new(stream, seq):
                kept[0, stream, b"", sender] = ("grant-admin", stream, b"", sender)
        for name, stream, key, named in blob.access:
            account = sender if name.startswith("renounce") else named
            about = (GROUPS[name], stream, key, account)
            if name != "grant-admin" or (about not in kept and account != sender):
                kept[about] = (name, stream, key, account)
        for name, stream, key, _ in kept.values():
            if stream not in tags:
                return "TagsMismatch"
            allowed = stream in admins or name.startswith("renounce")
            allowed |= name == "grant-writer" and self.writer(sender, stream, seq)
            allowed |= name == "grant-key-writer" and self.key_writer(sender, stream, key, seq)
            if not allowed:
                return "AccessControlPermissionDenied"
        for stream, key, value in blob.writes:
            self.values.setdefault((stream, key), {})[seq] = value
        self.ops += [(seq, op) for op in kept.values()]
        return "Commit"

    def rewind(self, seq: int) -> None:
        """Forget submission ``seq`` and all after it."""
        for versions in self.values.values():
            for later in [one for one in versions if one >= seq]:
                del versions[later]
        self.ops = [(one, op) for one, op in self.ops if one < seq]
        self.results = {one: result for one, result in self.results.items() if one < seq}
