"""Compile the Solidity sources beside this file into artifacts/*.json with npm's solc 0.8.24.

A chore for ``make contracts`` and for the test that compares; the package never runs it. The compiler is the one that
tests/e2e/ethers/package-lock.json pins; ``npm ci`` puts it there.

usage: python python/zerog/contracts/compile.py [output folder]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NODE_PROJECT = HERE.parents[2] / "tests" / "e2e" / "ethers"
VERSION = "0.8.24"
# libraries of internal functions, abstract contracts and interfaces: they live inside the contracts that use them
INTERNAL = {
    "AddressLists", "Blake2b", "BlockHashes", "Bls12381", "Bn254", "DASample", "FlowTree", "IERC165", "IFlow",
    "ILedger", "IMarket", "IReward", "IServing", "Owned", "Pora", "Roles", "RootHistory", "ServingAccounts",
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "outputSelection": {
        "*": {
            "*": [
                "abi",
                "evm.bytecode.object",
                "evm.deployedBytecode.object",
                "evm.deployedBytecode.immutableReferences",
                "evm.methodIdentifiers",
                "storageLayout",
            ]
        }
    },
}
RUN = (
    "const solc = require('solc'); const chunks = []; process.stdin.on('data', (c) => chunks.push(c));"
    "process.stdin.on('end', () => process.stdout.write(JSON.stringify("
    "{version: solc.version(), output: JSON.parse(solc.compile(Buffer.concat(chunks).toString()))})));"
)


def compile_sources() -> dict[str, dict[str, Any]]:
    """Artifact by contract name. Ends the process with the compiler's words when a source has an error or a warning."""
    if not (NODE_PROJECT / "node_modules" / "solc").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=NODE_PROJECT, check=True)
    sources = {path.name: {"content": path.read_text()} for path in sorted(HERE.glob("*.sol"))}
    job = json.dumps({"language": "Solidity", "sources": sources, "settings": SETTINGS})
    answer = json.loads(
        subprocess.run(["node", "-e", RUN], cwd=NODE_PROJECT, input=job.encode(), capture_output=True, check=True).stdout
    )
    if not answer["version"].startswith(VERSION):
        sys.exit(f"solc {VERSION} is needed, found {answer['version']}")
    output = answer["output"]
    faults = [fault for fault in output.get("errors", []) if fault["severity"] in ("error", "warning")]
    if faults:
        sys.exit("\n".join(fault["formattedMessage"] for fault in faults))
    return {
        contract: _artifact(name, contract, made)
        for name, contracts in output["contracts"].items()
        for contract, made in contracts.items()
        if contract not in INTERNAL
    }


def _artifact(source: str, contract: str, made: dict[str, Any]) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "contract": contract,
        "source": source,
        "compiler": {"version": VERSION, **{key: SETTINGS[key] for key in ("evmVersion", "optimizer", "metadata")}},
        "abi": made["abi"],
        "methods": dict(sorted(made["evm"]["methodIdentifiers"].items())),
    }
    deployed = made["evm"]["deployedBytecode"]
    if deployed["object"]:
        layout = made["storageLayout"]
        artifact["bytecode"] = "0x" + made["evm"]["bytecode"]["object"]
        artifact["deployedBytecode"] = "0x" + deployed["object"]
        artifact["immutables"] = [place for places in deployed["immutableReferences"].values() for place in places]
        artifact["storage"] = [
            {
                "label": entry["label"],
                "slot": int(entry["slot"]),
                "offset": entry["offset"],
                "bytes": int(layout["types"][entry["type"]]["numberOfBytes"]),
                "encoding": layout["types"][entry["type"]]["encoding"],
            }
            for entry in layout["storage"]
        ]
    return artifact


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "artifacts"
    target.mkdir(parents=True, exist_ok=True)
    for contract, artifact in compile_sources().items():
        (target / f"{contract}.json").write_text(json.dumps(artifact, indent=1) + "\n")
        print(f"{contract}: {(len(artifact.get('deployedBytecode', '0x')) - 2) // 2} bytes")


if __name__ == "__main__":
    main()
