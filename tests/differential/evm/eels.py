"""The other side: cases on standard input, what the executable specification makes of them on standard output.

Runs in a virtual environment of its own, which has ethereum-execution and nothing of zerog. One pickled case a length-framed
message, one pickled answer back.
"""

from __future__ import annotations

import importlib
import pickle
import sys
import time
from typing import Any

from ethereum.exceptions import EthereumException
from ethereum_rlp import rlp
from ethereum_rlp.exceptions import DecodingError
from ethereum_types.bytes import Bytes, Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint


class Fork:
    """The modules of one fork, with the outermost frame of each transaction caught on its way."""

    def __init__(self, name: str) -> None:
        base = f"ethereum.forks.{name}"
        self.fork = importlib.import_module(f"{base}.fork")
        self.state = importlib.import_module(f"{base}.state")
        self.types = importlib.import_module(f"{base}.fork_types")
        self.vm = importlib.import_module(f"{base}.vm")
        self.transactions = importlib.import_module(f"{base}.transactions")
        self.blocks = importlib.import_module(f"{base}.blocks")
        interpreter = importlib.import_module(f"{base}.vm.interpreter")
        self.outermost: Any = None
        inner = interpreter.process_message

        def caught(message: Any) -> Any:
            evm = inner(message)
            if message.depth == 0:
                self.outermost = evm
            return evm

        interpreter.process_message = caught

    def run(self, case: dict[str, Any]) -> dict[str, Any]:
        state = self.state.State()
        for address, account in case["pre"].items():
            self.state.set_account(
                state,
                Bytes20(address),
                self.types.Account(nonce=Uint(account["nonce"]), balance=U256(account["balance"]), code=Bytes(account["code"])),
            )
            for slot, value in account["storage"].items():
                self.state.set_storage(state, Bytes20(address), Bytes32(slot.to_bytes(32, "big")), U256(value))
        env = case["env"]
        block = self.vm.BlockEnvironment(
            chain_id=U64(1),
            state=state,
            block_gas_limit=Uint(env["gas_limit"]),
            block_hashes=[Bytes32(env["block_hashes"][n]) for n in sorted(env["block_hashes"])],
            coinbase=Bytes20(env["coinbase"]),
            number=Uint(env["number"]),
            base_fee_per_gas=Uint(env["base_fee"]),
            time=U256(env["timestamp"]),
            prev_randao=Bytes32(env["prev_randao"].to_bytes(32, "big")),
            excess_blob_gas=U64(env["excess_blob_gas"]),
            parent_beacon_block_root=Bytes32(bytes(32)),
        )
        output = self.vm.BlockOutput()
        whole = case["withdrawals"] is not None
        if whole:
            self.begin(block)
        results = []
        begun = time.perf_counter()
        for index, raw in enumerate(case["transactions"]):
            self.outermost = None
            gas_before, logs_before = output.block_gas_used, len(output.block_logs)
            try:
                if raw[0] >= 0xC0:
                    tx = rlp.decode_to(self.transactions.LegacyTransaction, raw)
                else:
                    tx = self.transactions.decode_transaction(raw)
                self.fork.process_transaction(block, output, tx, Uint(index))
            except (EthereumException, DecodingError) as refused:
                results.append({"valid": False, "why": repr(refused)})
                continue
            evm = self.outermost  # none when the address of a creation was taken
            results.append(
                {
                    "valid": True,
                    "success": evm is not None and evm.error is None,
                    "why": repr(evm.error) if evm is not None else "collision",
                    "gas_used": int(output.block_gas_used - gas_before),
                    "output": bytes(evm.output) if evm is not None else b"",
                    "logs": [
                        (bytes(log.address), [bytes(t) for t in log.topics], bytes(log.data))
                        for log in output.block_logs[logs_before:]
                    ],
                }
            )
        requests = self.end(block, output, case["withdrawals"]) if whole else None
        seconds = time.perf_counter() - begun
        accounts = {}
        for address, account in state._main_trie._data.items():
            trie = state._storage_tries.get(address)
            storage = (
                {int.from_bytes(slot, "big"): int(value) for slot, value in trie._data.items()} if trie is not None else {}
            )
            accounts[bytes(address)] = {
                "nonce": int(account.nonce),
                "balance": int(account.balance),
                "code": bytes(account.code),
                "storage": storage,
            }
        return {
            "seconds": seconds,
            "results": results,
            "requests": requests,
            "accounts": accounts,
            "root": bytes(self.state.state_root(state)),
        }

    def begin(self, block: Any) -> None:
        """The first lines of the specification's apply_body."""
        run = self.fork.process_unchecked_system_transaction
        run(block_env=block, target_address=self.fork.BEACON_ROOTS_ADDRESS, data=block.parent_beacon_block_root)
        if hasattr(self.fork, "HISTORY_STORAGE_ADDRESS"):
            run(block_env=block, target_address=self.fork.HISTORY_STORAGE_ADDRESS, data=block.block_hashes[-1])

    def end(self, block: Any, output: Any, withdrawals: list[tuple[int, int, bytes, int]]) -> list[bytes] | None:
        """Its last lines; the requests, None at Cancun."""
        entries = tuple(self.blocks.Withdrawal(U64(i), U64(v), Bytes20(a), U256(gwei)) for i, v, a, gwei in withdrawals)
        self.fork.process_withdrawals(block, output, entries)
        if not hasattr(self.fork, "process_general_purpose_requests"):
            return None
        self.fork.process_general_purpose_requests(block_env=block, block_output=output)
        return [bytes(request) for request in output.requests]


def main() -> None:
    sys.setrecursionlimit(20000)
    forks: dict[str, Fork] = {}
    while True:
        head = sys.stdin.buffer.read(4)
        if len(head) < 4:
            return
        case = pickle.loads(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        try:
            if case["fork"] not in forks:
                forks[case["fork"]] = Fork(case["fork"])
            answer = forks[case["fork"]].run(case)
        except Exception as broken:  # the case is shown with its seed; the harness must go on
            answer = {"broken": repr(broken)}
        body = pickle.dumps(answer)
        sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
