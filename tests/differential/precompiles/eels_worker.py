"""Runs precompiles of the executable Ethereum specification; started by test_eels.py under the specification's own Python.

One JSON request a line on standard input, [fork, address, input hex, gas]; one answer a line, [ok, gas used, output hex].
"""

from __future__ import annotations

import importlib
import json
import sys
from types import SimpleNamespace
from typing import Any

from ethereum.exceptions import EthereumException
from ethereum_types.bytes import Bytes, Bytes20
from ethereum_types.numeric import Uint


def contracts(fork: str) -> dict[bytes, Any]:
    """The fork's table of precompiles by address."""
    mapping = importlib.import_module(f"ethereum.forks.{fork}.vm.precompiled_contracts.mapping")
    return {bytes(address): run for address, run in mapping.PRE_COMPILED_CONTRACTS.items()}


def main() -> None:
    """Answer until standard input ends."""
    tables = {fork: contracts(fork) for fork in ("cancun", "prague")}
    for line in sys.stdin:
        fork, address, data, gas = json.loads(line)
        run = tables[fork].get(bytes(Bytes20(address.to_bytes(20, "big"))))
        if run is None:
            print(json.dumps(None), flush=True)
            continue
        message = SimpleNamespace(data=Bytes(bytes.fromhex(data)))
        evm = SimpleNamespace(message=message, gas_left=Uint(gas), output=Bytes())
        try:
            run(evm)
            answer = [True, gas - int(evm.gas_left), bytes(evm.output).hex()]
        except (EthereumException, OverflowError):  # lengths near 2^256 overflow the specification's own words
            answer = [False, gas, ""]
        print(json.dumps(answer), flush=True)


main()
