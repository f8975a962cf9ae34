"""Every exception that zerog raises on purpose.

    ZerogError
    ├── InvalidInput         the caller sent something that does not fit (400 / INVALID_ARGUMENT)
    ├── Unauthorized         401 / UNAUTHENTICATED
    ├── NotFound             404 / NOT_FOUND
    ├── Conflict             409 / ALREADY_EXISTS
    ├── InsufficientFunds    402 / FAILED_PRECONDITION
    ├── Exhausted            a queue, quota or disk is full; later may do (429 / RESOURCE_EXHAUSTED)
    ├── Unavailable          the world; retry (503 / UNAVAILABLE)
    ├── TimedOut             the world; retry (504 / DEADLINE_EXCEEDED)
    ├── PeerFault            a peer sent a bad proof, signature or frame; ask another
    ├── Corrupt              our own bytes fail their check (500 / DATA_LOSS)
    ├── DeviceError          a backend or device is missing or answered wrongly (500 / INTERNAL)
    ├── ConfigError          a setting is wrong: names key, value and origin (exit code 2)
    └── InternalError        a broken invariant of ours (500 / INTERNAL)

A false proof is not an error: ``verify_*`` functions return truth. Sentences are lower case, without a full stop, and say
what was expected and what was found.
"""

from __future__ import annotations

from typing import ClassVar


class ZerogError(Exception):
    """Base of all errors that zerog raises on purpose.

    ``code`` is stable and kebab-case; keyword facts become attributes.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts

    def __getattr__(self, name: str) -> object:
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(name)


class InvalidInput(ZerogError, ValueError):
    code = "invalid-input"


class Unauthorized(ZerogError):
    code = "unauthorized"


class NotFound(ZerogError, LookupError):
    code = "not-found"


class Conflict(ZerogError):
    code = "conflict"


class InsufficientFunds(ZerogError):
    code = "insufficient-funds"


class Exhausted(ZerogError):
    code = "exhausted"


class Unavailable(ZerogError):
    code = "unavailable"


class TimedOut(ZerogError):
    code = "timed-out"


class PeerFault(ZerogError):
    code = "peer-fault"


class Corrupt(ZerogError):
    code = "corrupt"


class DeviceError(ZerogError):
    code = "device-error"


class ConfigError(ZerogError):
    code = "config-error"


class InternalError(ZerogError):
    code = "internal-error"
