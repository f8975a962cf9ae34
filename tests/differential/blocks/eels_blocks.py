"""The other side: chains on standard input, the executable specification's verdict on each of their blocks on standard output.

Runs in a virtual environment of its own, which has ethereum-execution and nothing of zerog. One pickled chain a length-framed
message: fork, chain id, accounts, header and blocks as RLP; and where 0G adds to Ethereum, what the system calls at each
block's end and which request it appends. The answer: one entry a block, "" when it was accepted.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from typing import Any

from ethereum_rlp import rlp
from ethereum_types.bytes import Bytes, Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint


def judge(case: dict[str, Any]) -> list[str]:
    base = f"ethereum.forks.{case['fork']}"
    fork = importlib.import_module(f"{base}.fork")
    blocks = importlib.import_module(f"{base}.blocks")
    states = importlib.import_module(f"{base}.state")
    types = importlib.import_module(f"{base}.fork_types")
    state = states.State()
    for address, account in case["alloc"].items():
        entry = types.Account(nonce=Uint(account["nonce"]), balance=U256(account["balance"]), code=Bytes(account["code"]))
        states.set_account(state, Bytes20(address), entry)
        for slot, value in account["storage"].items():
            states.set_storage(state, Bytes20(address), Bytes32(slot.to_bytes(32, "big")), U256(value))
    header = rlp.decode_to(blocks.Header, case["genesis"])
    if states.state_root(state) != header.state_root:
        return ["genesis: another state root"]
    first = blocks.Block(header=header, transactions=(), ommers=(), withdrawals=())
    chain = fork.BlockChain(blocks=[first], state=state, chain_id=U64(case["chain_id"]))
    verdicts = []
    additions = iter(case.get("additions", ()))
    ethereums = getattr(fork, "process_general_purpose_requests", None)

    def with_additions(block_env: Any, block_output: Any) -> None:
        ethereums(block_env=block_env, block_output=block_output)
        calls, request = next(additions)
        for target, data in calls:
            fork.process_unchecked_system_transaction(block_env, Bytes20(target), Bytes(data))
        if request:
            block_output.requests.append(Bytes(request))

    if "additions" in case:
        fork.process_general_purpose_requests = with_additions
    for raw in case["blocks"]:
        try:
            fork.state_transition(chain, rlp.decode_to(blocks.Block, raw))
        except Exception as refused:
            verdicts.append(repr(refused))
            break
        verdicts.append("")
    if ethereums is not None:
        fork.process_general_purpose_requests = ethereums
    return verdicts


def main() -> None:
    while head := sys.stdin.buffer.read(4):
        case = pickle.loads(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        body = pickle.dumps(judge(case))
        sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
        sys.stdout.buffer.flush()


main()
