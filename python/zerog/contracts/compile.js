// Compile every Solidity source beside this file with solc 0.8.24 and write artifacts/<Contract>.json.
// usage: node compile.js [output folder]   (run through `make contracts`, which installs the compiler)
"use strict";
const fs = require("fs");
const path = require("path");
const solc = require(require.resolve("solc", { paths: [process.cwd(), __dirname] }));

const VERSION = "0.8.24";
const settings = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 200 },
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  outputSelection: {
    "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences",
      "evm.methodIdentifiers", "storageLayout"] },
  },
};

if (!solc.version().startsWith(VERSION)) {
  throw new Error(`solc ${VERSION} is needed, found ${solc.version()}`);
}
const here = __dirname;
const target = process.argv[2] || path.join(here, "artifacts");
const names = fs.readdirSync(here).filter((name) => name.endsWith(".sol")).sort();
const sources = Object.fromEntries(names.map((name) => [name, { content: fs.readFileSync(path.join(here, name), "utf8") }]));
const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
const faults = (output.errors || []).filter((error) => error.severity === "error" || error.severity === "warning");
if (faults.length > 0) {
  for (const fault of faults) console.error(fault.formattedMessage);
  process.exit(1);
}
fs.mkdirSync(target, { recursive: true });
for (const name of names) {
  for (const [contract, made] of Object.entries(output.contracts[name] || {})) {
    const code = made.evm.deployedBytecode.object;
    const isInterface = code === "";
    const layout = made.storageLayout || { storage: [], types: {} };
    const artifact = {
      contract,
      source: name,
      compiler: { version: VERSION, evmVersion: settings.evmVersion, optimizer: settings.optimizer, metadata: settings.metadata },
      abi: made.abi,
      methods: Object.fromEntries(Object.entries(made.evm.methodIdentifiers).sort()),
    };
    if (!isInterface) {
      artifact.bytecode = "0x" + made.evm.bytecode.object;
      artifact.deployedBytecode = "0x" + code;
      artifact.immutables = Object.values(made.evm.deployedBytecode.immutableReferences).flat();
      artifact.storage = layout.storage.map(({ label, slot, offset, type }) => ({
        label, slot: Number(slot), offset, bytes: Number(layout.types[type].numberOfBytes), encoding: layout.types[type].encoding,
      }));
    }
    if (contract === "Bls12381") continue; // a library of internal functions: it lives inside StakingContract
    fs.writeFileSync(path.join(target, contract + ".json"), JSON.stringify(artifact, null, 1) + "\n");
  }
}
