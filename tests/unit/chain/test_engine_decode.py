"""Transactions on the wire: every type against eth-account, and everything malformed refused with a reason."""

from __future__ import annotations

import random

import pytest
import rlp  # type: ignore[import-untyped]
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from zerog import _native

CHAIN = 16601
KEY = "0x" + "11" * 32
ACCOUNT = Account.from_key(KEY)
SENDER = bytes.fromhex(ACCOUNT.address[2:])
TO = to_checksum_address("0x1cd0690ff9a693f5ef2dd976660a8dafc81a109c")
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ACCESS = [
    {"address": TO, "storageKeys": ["0x" + "01" * 32, "0x" + "00" * 32]},
    {"address": to_checksum_address("0x20f30b2584f3096ea0d6c18c3b5cacc0585e12fc"), "storageKeys": []},
]


def signed(tx: dict[str, object]) -> bytes:
    return bytes(ACCOUNT.sign_transaction(tx).raw_transaction)


def typed(**fields: object) -> dict[str, object]:
    base: dict[str, object] = {"chainId": CHAIN, "nonce": 7, "gas": 90000, "to": TO, "value": 10**18, "data": b"\x01\x02"}
    return base | fields


def set_code() -> bytes:
    authorization = Account.from_key("0x" + "22" * 32).sign_authorization({"chainId": CHAIN, "address": TO, "nonce": 3})
    return signed(typed(type=4, maxFeePerGas=9, maxPriorityFeePerGas=2, accessList=ACCESS, authorizationList=[authorization]))


SAMPLES = {
    "legacy": signed(typed(gasPrice=5)),
    "legacy-unprotected": signed({k: v for k, v in typed(gasPrice=5).items() if k != "chainId"}),
    "legacy-create": signed(typed(gasPrice=5, to=b"", data=b"\x60" * 200)),
    "access-list": signed(typed(type=1, gasPrice=5, accessList=ACCESS)),
    "dynamic": signed(typed(type=2, maxFeePerGas=9, maxPriorityFeePerGas=2, accessList=ACCESS)),
    "dynamic-zero": signed(typed(type=2, nonce=0, value=0, data=b"", maxFeePerGas=0, maxPriorityFeePerGas=0)),
    "blob": signed(
        typed(type=3, maxFeePerGas=9, maxPriorityFeePerGas=2, maxFeePerBlobGas=7, blobVersionedHashes=[b"\x01" + b"\x05" * 31])
    ),
    "set-code": set_code(),
}


def split(raw: bytes) -> tuple[bytes, list[object]]:
    if raw[0] >= 0xC0:
        return b"", list(rlp.decode(raw))
    return raw[:1], list(rlp.decode(raw[1:]))


def join(head: bytes, fields: list[object]) -> bytes:
    return head + bytes(rlp.encode(fields))


def error_of(raw: bytes) -> str:
    (answer,) = _native.decode_transactions([raw])
    assert isinstance(answer, str), f"accepted {raw.hex()}"
    return answer


@pytest.mark.parametrize("name", SAMPLES)
def test_types_round_trip(name: str) -> None:
    raw = SAMPLES[name]
    assert _native.decode_transactions([raw]) == [(keccak(raw), SENDER)]


def test_batch_keeps_order_and_isolates_failures() -> None:
    names = list(SAMPLES)
    batch = [item for name in names for item in (SAMPLES[name], b"\xc0", b"")]
    answers = _native.decode_transactions(batch)
    assert all(isinstance(answers[i], tuple) == (i % 3 == 0) for i in range(len(batch)))
    assert _native.decode_transactions([]) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_every_truncation_and_extension_is_refused(name: str) -> None:
    raw = SAMPLES[name]
    answers = _native.decode_transactions([raw[:n] for n in range(len(raw))] + [raw + b"\x00", raw + raw])
    assert all(isinstance(answer, str) and answer for answer in answers)


@pytest.mark.parametrize("name", SAMPLES)
def test_signature_values_out_of_range(name: str) -> None:
    head, fields = split(SAMPLES[name])
    s = int.from_bytes(fields[-1], "big")  # type: ignore[arg-type]
    cases: list[tuple[int, bytes]] = [
        (-1, (ORDER - s).to_bytes(32, "big")),  # high s
        (-1, b""),
        (-1, ORDER.to_bytes(32, "big")),
        (-2, b""),
        (-2, ORDER.to_bytes(32, "big")),
        (-2, b"\xff" * 32),
        (-3, b"\x02" if head else b"\x1a"),
        (-3, b"\x1d" if not head else b"\x1b"),
    ]
    for index, value in cases:
        bad = list(fields)
        bad[index] = value
        assert error_of(join(head, bad)) == "invalid transaction v, r, s values"


@pytest.mark.parametrize("name", SAMPLES)
def test_numbers_are_canonical_and_bounded(name: str) -> None:
    head, fields = split(SAMPLES[name])
    for index in range(3 if not head else 4):
        for bad_value in (b"\x00", b"\x00\x01", b"\x01" * 33):
            bad = list(fields)
            bad[index] = bad_value
            assert "rlp: " in error_of(join(head, bad))
    for wrong in (list(fields[:-1]), [*fields, b""]):
        assert "rlp: " in error_of(join(head, wrong))
    bad = list(fields)
    bad[1] = [b"\x01"]
    assert "rlp: " in error_of(join(head, bad))


def test_destination_sizes() -> None:
    head, fields = split(SAMPLES["dynamic"])
    for size in (1, 19, 21, 32):
        bad = list(fields)
        bad[5] = b"\x01" * size
        assert "rlp: " in error_of(join(head, bad))


def test_blob_and_set_code_need_a_destination() -> None:
    for name, text in (
        ("blob", "blob transaction of type create"),
        ("set-code", "EIP-7702 transaction cannot be used to create contract"),
    ):
        head, fields = split(SAMPLES[name])
        fields[5] = b""
        assert error_of(join(head, fields)) == text


def test_types_that_do_not_exist() -> None:
    body = SAMPLES["dynamic"][1:]
    for number in (0, 5, 6, 0x7E, 0x7F, 0x80, 0xBF):
        assert error_of(bytes([number]) + body) == "transaction type not supported"


def test_blob_with_sidecar_is_refused_by_name() -> None:
    head, fields = split(SAMPLES["blob"])
    assert "sidecar" in error_of(head + bytes(rlp.encode([fields, [b"\x00" * 10], [b"\x01" * 48], [b"\x02" * 48]])))


def test_size_limit() -> None:
    def of_size(size: int) -> bytes:
        return signed(typed(gasPrice=5, data=b"\x01" * size))

    overhead = len(of_size(100000)) - 100000
    (fits,) = _native.decode_transactions([of_size(128 * 1024 - overhead)])
    assert isinstance(fits, tuple)
    assert error_of(of_size(128 * 1024 - overhead + 1)) == "oversized data"


def test_mutations_never_change_the_sender_silently() -> None:
    """A flipped bit is refused, or gives another hash; the original sender survives only in signatures' own bits."""
    rng = random.Random(7)
    for raw in SAMPLES.values():
        mutants = []
        for _ in range(300):
            mutant = bytearray(raw)
            mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)
            mutants.append(bytes(mutant))
        for mutant, answer in zip(mutants, _native.decode_transactions(mutants), strict=True):
            if isinstance(answer, tuple) and mutant != raw:
                assert answer[1] != SENDER
