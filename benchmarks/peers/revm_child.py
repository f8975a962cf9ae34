"""Runs byte code by revm, through pyrevm, in an environment of its own.

"code-in-hex gas" on each line of standard input, "seconds gas-used" on each line of standard output; seconds of processor
time. The call is a frame of the given gas without a transaction around it.
"""

from __future__ import annotations

import contextlib
import sys
import time

import pyrevm

CALLER, TARGET = "0x" + "11" * 20, "0x" + "72" * 20

for line in sys.stdin:
    code, gas = line.split()
    evm = pyrevm.EVM(spec_id="CANCUN", gas_limit=2**63)
    evm.insert_account_info(CALLER, pyrevm.AccountInfo(balance=10**30))
    evm.insert_account_info(TARGET, pyrevm.AccountInfo(code=bytes.fromhex(code)))
    begun = time.process_time()
    with contextlib.suppress(RuntimeError):  # out of gas, as it should end
        evm.message_call(CALLER, TARGET, calldata=b"\0", gas=int(gas))
    seconds = time.process_time() - begun
    used = evm.result.gas_used
    print(seconds, used, flush=True)
