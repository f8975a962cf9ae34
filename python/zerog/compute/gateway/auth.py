"""Who may enter: session tokens and API keys, checked byte for byte and against the chain. Source: compute.md §6.1.

A key's signature is recovered once and remembered; expiry, generation and revocation are judged anew at every request, on the
account as the chain had it a moment ago.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zerog.contracts.inference import Account
from zerog.errors import InvalidInput, Unauthorized
from zerog.runtime.clock import Clock
from zerog.runtime.key import recover
from zerog.types import Address, format_address
from zerog.wire.compute import EPHEMERAL_TOKEN, SESSION_MS_MAX, SessionToken, decode_key, token_digest

SKEW_MS: Final = 60_000
REMEMBERED_MAX: Final = 65_536
HEADER_CHARS_MAX: Final = 8192


@dataclass(frozen=True)
class Session:
    """A token whose signature is its user's."""

    user: Address
    token: SessionToken


def bearer(headers: Mapping[str, str]) -> str:
    """The key of a request: ``Authorization: Bearer``, or Anthropic's ``x-api-key``.

    Raises:
        Unauthorized: none.
    """
    value = headers.get("Authorization", "")
    if not value:
        value = headers.get("x-api-key", "")
        if value:
            return value.strip()
        raise Unauthorized("missing Authorization header: expected Bearer app-sk-…", reason="missing_api_key")
    if len(value) > HEADER_CHARS_MAX:
        raise Unauthorized(f"invalid Authorization header: longer than {HEADER_CHARS_MAX} characters")
    scheme, _, key = value.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthorized("invalid Authorization header: expected Bearer app-sk-…")
    return key.strip()


class Auth:
    """Sessions of one provider.

    Args:
        provider: whom tokens must name.
        clock: what expiry is measured with.
    """

    def __init__(self, provider: Address, clock: Clock) -> None:
        self._provider, self._clock = provider, clock
        self._known: OrderedDict[bytes, Session] = OrderedDict()

    def of(self, headers: Mapping[str, str]) -> Session:
        """The session of a request: of its key, or of the older form in three headers.

        Raises:
            Unauthorized: as ``session``.
        """
        if "Session-Token" in headers and not ("Authorization" in headers or "x-api-key" in headers):
            return self.headers_session(headers)
        return self.session(bearer(headers))

    def session(self, key: str) -> Session:
        """The session of a key, before anything of the chain is asked.

        Raises:
            Unauthorized: not a key, not of this provider, not in time, or not signed by whom it names.
        """
        try:
            digest = hashlib.sha256(key.encode()).digest()
        except UnicodeEncodeError:
            raise Unauthorized("invalid session token: not a key") from None
        found = self._known.get(digest)
        if found is None:
            found = self._recovered(key)
            self._known[digest] = found
            if len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(digest)
        self._check_time(found.token)
        return found

    def headers_session(self, headers: Mapping[str, str]) -> Session:
        """The older form, of 0G's second generation and a provider's own tools: the headers ``Address``, ``Session-Token`` and
        ``Session-Signature``.

        Raises:
            Unauthorized: as ``session``.
        """
        raw, text = headers.get("Session-Token", ""), headers.get("Session-Signature", "")
        if not raw or not text or len(raw) > HEADER_CHARS_MAX:
            raise Unauthorized("missing Session-Token or Session-Signature header")
        try:
            signature = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise Unauthorized("invalid session signature: expected hex") from None
        session = self._checked(raw.encode("utf-8", "surrogateescape"), signature, older=True)
        if headers.get("Address", "").lower() != format_address(session.user).lower():
            raise Unauthorized("invalid session token: the Address header names somebody else")
        self._check_time(session.token)
        return session

    def check(self, session: Session, account: Account | None) -> None:
        """What only the chain knows of a key.

        Raises:
            Unauthorized: revoked, or of another generation.
        """
        token = session.token
        generation = account.generation if account is not None else 0
        if token.generation < generation:
            raise Unauthorized(
                f"session token revoked (generation expired): token has {token.generation}, current is {generation}; "
                "make a new key",
                reason="token_revoked",
            )
        if token.generation > generation:
            raise Unauthorized(
                f"invalid session token: future generation {token.generation}, current is {generation}", reason="token_invalid"
            )
        if token.token_id != EPHEMERAL_TOKEN and account is not None and account.revoked(token.token_id):
            raise Unauthorized(f"session token revoked: token id {token.token_id}; make a new key", reason="token_revoked")

    def _recovered(self, key: str) -> Session:
        try:
            raw, signature = decode_key(key)
        except InvalidInput as error:
            raise Unauthorized(f"invalid session token: {error}") from None
        return self._checked(raw, signature)

    def _checked(self, raw: bytes, signature: bytes, *, older: bool = False) -> Session:
        try:
            token = SessionToken.parse(raw, older=older)
        except InvalidInput as error:
            raise Unauthorized(f"invalid session token: {error}") from None
        if token.provider != self._provider:
            raise Unauthorized(
                f"invalid session token: provider mismatch: the token is for {format_address(token.provider)}, "
                f"this is {format_address(self._provider)}",
                reason="token_invalid",
            )
        if recover(token_digest(raw), signature) != token.address:
            raise Unauthorized("invalid session token: signature does not match its address", reason="token_invalid")
        return Session(token.address, token)

    def _check_time(self, token: SessionToken) -> None:
        now_ms = int(self._clock.now_s() * 1000)
        if token.token_id == EPHEMERAL_TOKEN:
            if not token.expires_at:
                raise Unauthorized("invalid session token: a session needs expiresAt", reason="token_invalid")
            if not 0 <= token.expires_at - token.timestamp <= SESSION_MS_MAX:
                raise Unauthorized("invalid session token: a session lasts at most 24 hours", reason="token_invalid")
        if token.timestamp > now_ms + SKEW_MS:
            raise Unauthorized(
                "invalid session token: its timestamp lies in the future; check the clock", reason="token_invalid"
            )
        if token.expires_at and token.expires_at <= now_ms:
            raise Unauthorized("session token expired; make a new one", reason="token_expired")
