"""Keys and signing.

Secret keys live in libsecp256k1 (``coincurve``); key files are encrypted with scrypt and AES from OpenSSL
(``cryptography``), in the version 3 format that other wallets read. A secret is never part of a ``repr``, a log line or
an error; it leaves only through ``export_secret`` and the encrypted key file.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import stat
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import coincurve
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from zerog._native import keccak256
from zerog.errors import Conflict, InvalidInput, NotFound, Unauthorized
from zerog.runtime.disk import read_private, write_atomic
from zerog.types import Address, format_address, parse_address
from zerog.wire.transaction import Authorization, Signature, Transaction
from zerog.wire.typed_data import message_digest, typed_digest

ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ETHEREUM_PATH: Final = "m/44'/60'/0'/0/{index}"
SCRYPT_N: Final = 1 << 17
SCRYPT_MEMORY_MAX: Final = 1 << 30
_PATH = re.compile(r"m(/[0-9]+'?)*")


@dataclass(frozen=True)
class Signed:
    """A signed transaction: the bytes to send and the hash by which to find it."""

    raw: bytes
    hash: bytes
    transaction: Transaction


class Account:
    """One secret key and the address that it controls."""

    __slots__ = ("_key", "address")

    def __init__(self, secret: bytes) -> None:
        """
        Raises:
            InvalidInput: not 32 bytes, or not between 1 and the order of the curve.
        """
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < ORDER:
            raise InvalidInput("secret key: expected 32 bytes between 1 and the order of the curve")
        self._key = coincurve.PrivateKey(secret)
        self.address: Address = Address(bytes(keccak256(self._key.public_key.format(compressed=False)[1:]))[12:])

    @classmethod
    def create(cls) -> Account:
        """A new random key from the system's generator."""
        while True:
            secret = secrets.token_bytes(32)
            if 0 < int.from_bytes(secret, "big") < ORDER:
                return cls(secret)

    @classmethod
    def from_hex(cls, text: str) -> Account:
        """A key from 64 hex digits, with or without ``0x``."""
        digits = text.strip().removeprefix("0x")
        if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
            raise InvalidInput("secret key: expected 64 hex digits")  # never shows what was found
        return cls(bytes.fromhex(digits))

    @classmethod
    def from_mnemonic(cls, words: str, index: int = 0, *, path: str = ETHEREUM_PATH, passphrase: str = "") -> Account:
        """The key at ``path`` below a mnemonic (BIP-39 seed, BIP-32 derivation).

        The words are used as they are: their checksum is not checked, because that takes the word list of a language.
        """
        normal = unicodedata.normalize("NFKD", " ".join(words.split()))
        salt = unicodedata.normalize("NFKD", "mnemonic" + passphrase)
        if len(normal.split(" ")) < 12:
            raise InvalidInput(f"mnemonic: expected at least 12 words, found {len(normal.split())}")
        seed = hashlib.pbkdf2_hmac("sha512", normal.encode(), salt.encode(), 2048)
        return cls(derive(seed, path.format(index=index)))

    @property
    def address_text(self) -> str:
        return format_address(self.address)

    def __repr__(self) -> str:
        return f"Account({self.address_text})"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("an account is not serialised; write an encrypted key file instead")

    def export_secret(self) -> str:
        """The secret as ``0x`` hex. For development keys and for exports that a person asked for."""
        return "0x" + str(self._key.to_hex()).rjust(64, "0")

    def sign_digest(self, digest: bytes) -> Signature:
        """Sign 32 bytes: deterministic nonce (RFC 6979), low s."""
        if len(digest) != 32:
            raise InvalidInput(f"digest: expected 32 bytes, found {len(digest)}")
        data = self._key.sign_recoverable(digest, hasher=None)
        return Signature(int.from_bytes(data[:32], "big"), int.from_bytes(data[32:64], "big"), data[64])

    def sign_transaction(self, transaction: Transaction) -> Signed:
        """Sign a transaction of type 0, 1, 2, 3 (without its blobs) or 4."""
        raw = transaction.encode(self.sign_digest(transaction.digest()))
        return Signed(raw, bytes(keccak256(raw)), transaction)

    def sign_authorization(self, chain_id: int, address: bytes, nonce: int) -> Authorization:
        """Let the code at ``address`` run as this account (EIP-7702)."""
        return Authorization(chain_id, address, nonce, self.sign_digest(Authorization.digest(chain_id, address, nonce)))

    def sign_message(self, message: bytes) -> bytes:
        """``personal_sign``: 65 bytes r, s, v with v of 27 or 28."""
        return _join(self.sign_digest(message_digest(message)))

    def sign_typed(self, data: Mapping[str, Any]) -> bytes:
        """``eth_signTypedData_v4``: 65 bytes r, s, v with v of 27 or 28."""
        return _join(self.sign_digest(typed_digest(data)))


def _join(signature: Signature) -> bytes:
    return signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([27 + signature.parity])


def recover(digest: bytes, signature: bytes) -> Address:
    """Who signed ``digest``; ``signature`` is r, s, v with v of 0, 1, 27 or 28.

    Raises:
        InvalidInput: no such signature.
    """
    if len(digest) != 32 or len(signature) != 65 or signature[64] not in (0, 1, 27, 28):
        raise InvalidInput("signature: expected a digest of 32 bytes and 65 bytes r, s, v with v of 0, 1, 27 or 28")
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] % 27]), digest, hasher=None)
    except Exception:
        raise InvalidInput("signature: no public key fits it") from None
    return Address(bytes(keccak256(key.format(compressed=False)[1:]))[12:])


def derive(seed: bytes, path: str) -> bytes:
    """The secret key at ``path`` below a seed (BIP-32).

    Raises:
        InvalidInput: not a path such as ``m/44'/60'/0'/0/0``.
    """
    if _PATH.fullmatch(path) is None:
        raise InvalidInput(f"derivation path: expected something like m/44'/60'/0'/0/0, found {path!r}")
    node = hmac.digest(b"Bitcoin seed", seed, "sha512")
    key, code = coincurve.PrivateKey(node[:32]), node[32:]
    for part in path.split("/")[1:]:
        index = int(part.rstrip("'"))
        if index >= 1 << 31:
            raise InvalidInput(f"derivation path: {part} is too large")
        if part.endswith("'"):
            data = b"\x00" + key.secret + (index | 1 << 31).to_bytes(4, "big")
        else:
            data = key.public_key.format(compressed=True) + index.to_bytes(4, "big")
        node = hmac.digest(code, data, "sha512")
        key, code = key.add(node[:32]), node[32:]
    return bytes(key.secret).rjust(32, b"\x00")


# -- key files (Web3 Secret Storage, version 3) ------------------------------------------------------------------------


def encrypt(account: Account, password: str, *, scrypt_n: int = SCRYPT_N) -> dict[str, Any]:
    """A version 3 key file as an object: scrypt, AES-128-CTR, keccak256 over key and ciphertext."""
    salt, iv = secrets.token_bytes(32), secrets.token_bytes(16)
    key = Scrypt(salt=salt, length=32, n=scrypt_n, r=8, p=1).derive(password.encode())
    cipher = Cipher(algorithms.AES(key[:16]), modes.CTR(iv)).encryptor()
    text = cipher.update(bytes.fromhex(account.export_secret()[2:])) + cipher.finalize()
    return {
        "version": 3,
        "id": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        "address": account.address.hex(),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": iv.hex()},
            "ciphertext": text.hex(),
            "kdf": "scrypt",
            "kdfparams": {"dklen": 32, "n": scrypt_n, "r": 8, "p": 1, "salt": salt.hex()},
            "mac": bytes(keccak256(key[16:] + text)).hex(),
        },
    }


def decrypt(data: Mapping[str, Any], password: str) -> Account:
    """The account of a version 3 key file.

    Raises:
        InvalidInput: not such a file, or parameters that would take more than 1 GiB of memory.
        Unauthorized: the password is wrong (or the file was changed).
    """
    try:
        crypto = data.get("crypto") or data["Crypto"]
        if data["version"] != 3 or crypto["cipher"] != "aes-128-ctr":
            raise ValueError
        text, mac = bytes.fromhex(crypto["ciphertext"]), bytes.fromhex(crypto["mac"])
        iv, facts = bytes.fromhex(crypto["cipherparams"]["iv"]), crypto["kdfparams"]
        key = _password_key(str(crypto["kdf"]), facts, password)
    except InvalidInput:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput("key file: expected version 3 with scrypt or pbkdf2 and aes-128-ctr") from None
    if len(text) != 32 or len(iv) != 16:
        raise InvalidInput("key file: expected 32 bytes of ciphertext and 16 of iv")
    if not hmac.compare_digest(bytes(keccak256(key[16:32] + text)), mac):
        raise Unauthorized("key file: the password is wrong")
    cipher = Cipher(algorithms.AES(key[:16]), modes.CTR(iv)).decryptor()
    account = Account(cipher.update(text) + cipher.finalize())
    named = str(data.get("address", account.address.hex())).removeprefix("0x").lower()
    if named != account.address.hex():
        raise InvalidInput(f"key file: it names {named}, its key controls {account.address_text}")
    return account


def _password_key(kind: str, facts: Mapping[str, Any], password: str) -> bytes:
    salt, size = bytes.fromhex(facts["salt"]), int(facts["dklen"])
    if not 32 <= size <= 64:
        raise ValueError
    if kind == "scrypt":
        n, r, p = int(facts["n"]), int(facts["r"]), int(facts["p"])
        if not (n > 1 and r >= 1 and 1 <= p <= 16) or n & (n - 1) or 128 * n * r > SCRYPT_MEMORY_MAX:
            raise InvalidInput("key file: the scrypt parameters would take more than 1 GiB of memory")
        return bytes(Scrypt(salt=salt, length=size, n=n, r=r, p=p).derive(password.encode()))
    if kind == "pbkdf2" and facts["prf"] == "hmac-sha256":
        rounds = int(facts["c"])
        if not 1 <= rounds <= 10_000_000:
            raise InvalidInput("key file: expected at most 10,000,000 rounds of pbkdf2")
        return bytes(PBKDF2HMAC(SHA256(), size, salt, rounds).derive(password.encode()))
    raise ValueError


class Keystore:
    """A directory of encrypted key files, mode 0700, each file 0600."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def _check(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(self.directory.stat().st_mode)
        if mode & 0o077:
            raise Unauthorized(f"{self.directory} has mode {mode:04o}; expected 0700 (chmod 700 it)")

    def addresses(self) -> list[Address]:
        """Who has a key file here; no password needed."""
        if not self.directory.is_dir():
            return []
        found = []
        for path in sorted(self.directory.glob("*.json")):
            match = re.fullmatch(r"0x([0-9a-f]{40})\.json", path.name)
            if match:
                found.append(Address(bytes.fromhex(match.group(1))))
        return found

    def path(self, address: bytes) -> Path:
        return self.directory / f"0x{address.hex()}.json"

    def save(self, account: Account, password: str, *, scrypt_n: int = SCRYPT_N) -> Path:
        """
        Raises:
            Conflict: there is a file for this address already.
            Unauthorized: others may read the directory.
        """
        self._check()
        path = self.path(account.address)
        if path.exists():
            raise Conflict(f"{path} exists already")
        write_atomic(path, json.dumps(encrypt(account, password, scrypt_n=scrypt_n), indent=1).encode(), mode=0o600)
        return path

    def load(self, address: str | bytes, password: str) -> Account:
        """
        Raises:
            NotFound: no key file for this address.
            Unauthorized: wrong password, or a file that others may read.
        """
        self._check()
        path = self.path(parse_address(address))
        if not path.exists():
            raise NotFound(f"no key file for {format_address(parse_address(address))} in {self.directory}")
        try:
            data = json.loads(read_private(path))
        except ValueError:
            raise InvalidInput(f"{path} is no JSON") from None
        if not isinstance(data, dict):
            raise InvalidInput(f"{path} is no key file")
        return decrypt(data, password)
