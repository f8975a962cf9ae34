"""Merkle Patricia tries in memory: batched changes, roots, proofs and their check.

The tries that Ethereum commits to its state, transactions and receipts with. Changes come in batches: the trie is
restructured once, then all new nodes are hashed together, deepest first, on all threads and with the interpreter lock
released.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from zerog import _native
from zerog._native import Trie as Trie

EMPTY_ROOT: Final = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")


def root_of(items: Mapping[bytes, bytes]) -> bytes:
    """The root of the trie over ``items``, keys as they are (up to 256 bytes); no value is empty.

    Raises:
        InvalidInput: a key that is too long, or an empty value.
    """
    return _native.trie_root(dict(items))


def ordered_root(items: Iterable[bytes]) -> bytes:
    """The root of the trie that maps rlp(i) to the i-th item: transactions, receipts, withdrawals.

    Raises:
        InvalidInput: an empty item.
    """
    return _native.trie_ordered_root(items)


def verify_proof(root: bytes, key: bytes, nodes: Iterable[bytes], value: bytes | None, *, secure: bool = True) -> bool:
    """Whether ``nodes`` show that ``key`` has this value, or that it is absent (None).

    Every node must be canonical and of the hash that its parent names, none may be left over. With ``secure`` the key is
    hashed first, as the state's tries do.
    """
    shown, found = _native.verify_trie_proof(root, key, nodes, secure=secure)
    return bool(shown and found == value)
