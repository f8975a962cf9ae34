// ethers v6 against a local network, as a developer uses it. Arguments: HTTP URL, WebSocket URL, secret key, artifact folder.
// Prints one JSON object of what was seen; any surprise throws.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  Contract, ContractFactory, JsonRpcProvider, Network, Wallet, WebSocketProvider, isError, parseEther, verifyMessage, verifyTypedData,
} from "ethers";

const [url, wsUrl, secret, artifacts] = process.argv.slice(2);
const artifact = (name) => JSON.parse(readFileSync(`${artifacts}/${name}.json`));
const seen = {};

// Batches up to 100 requests by default. ethers answers a repeated question from memory for 250 ms, which on a chain this
// fast hands out a nonce twice; so not here.
const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 });
const wallet = new Wallet(secret, provider);
const network = await provider.getNetwork();
assert.equal(network.chainId, 16601n);

// many calls at once travel as one JSON array
const [number, balance, fees, code, block] = await Promise.all([
  provider.getBlockNumber(), provider.getBalance(wallet.address), provider.getFeeData(),
  provider.getCode("0x1cd0690ff9a693f5ef2dd976660a8dafc81a109c"), provider.getBlock("finalized"),
]);
assert(number >= 0 && balance > parseEther("1000") && fees.maxFeePerGas > 0n && code.length > 100 && block.hash.length === 66);

// types 0, 1, 2
const friend = Wallet.createRandom(provider);
for (const type of [0, 1, 2]) {
  const sent = await wallet.sendTransaction({ to: friend.address, value: 1000n, type });
  const receipt = await sent.wait();
  assert.equal(receipt.status, 1);
  assert.equal(receipt.type, type);
  assert.equal((await provider.getTransaction(sent.hash)).type, type);
}
assert.equal(await provider.getBalance(friend.address), 3000n);
const listed = await wallet.sendTransaction({
  to: friend.address, value: 1n, type: 1, accessList: [{ address: friend.address, storageKeys: ["0x" + "00".repeat(32)] }],
});
assert.equal((await listed.wait()).status, 1);
seen.types = [0, 1, 2];

// deploy, call, estimate, logs
const token = artifact("Token");
const factory = new ContractFactory(token.abi, token.bytecode, wallet);
const deployed = await factory.deploy("Ethers Token", "ETK", parseEther("1000"));
await deployed.waitForDeployment();
const address = await deployed.getAddress();
assert.equal(await provider.getCode(address), token.deployedBytecode);
const [name, supply] = await Promise.all([deployed.name(), deployed.totalSupply()]);
assert.equal(name, "Ethers Token");
assert.equal(supply, parseEther("1000"));
const estimate = await deployed.transfer.estimateGas(friend.address, 5n);
assert(estimate > 40000n && estimate < 60000n, `estimate ${estimate}`);
await deployed.transfer.staticCall(friend.address, 5n);
const moved = await (await deployed.transfer(friend.address, 5n)).wait();
assert.equal(moved.logs.length, 1);
assert(moved.gasUsed >= (moved.gasUsed * 8n) / 10n);
const found = await deployed.queryFilter(deployed.filters.Transfer(wallet.address), moved.blockNumber, "latest");
assert.equal(found.length, 1);
assert.equal(found[0].args.value, 5n);
seen.token = address;

// reverts are decoded, by the call, by the estimate and by the transaction
try {
  await deployed.connect(friend).transfer.staticCall(wallet.address, 6n);
  assert.fail("a transfer of too much must revert");
} catch (error) {
  assert(isError(error, "CALL_EXCEPTION"), error.message);
  assert.equal(error.revert.name, "InsufficientBalance");
  assert.deepEqual([...error.revert.args], [friend.address, 5n, 6n]);
}
const failing = await deployed.transfer(friend.address, parseEther("5000"), { gasLimit: 100000n });
await assert.rejects(failing.wait(), (error) => isError(error, "CALL_EXCEPTION") && error.receipt.status === 0);

// errors that clients match
const nonce = await provider.getTransactionCount(wallet.address);
await assert.rejects(wallet.sendTransaction({ to: friend.address, nonce: nonce - 1 }), (error) => isError(error, "NONCE_EXPIRED"));
await assert.rejects(
  friend.sendTransaction({ to: wallet.address, value: parseEther("1"), gasLimit: 21000n }),
  (error) => isError(error, "INSUFFICIENT_FUNDS"),
);

// events through filters (eth_newFilter, eth_getFilterChanges)
const polled = new JsonRpcProvider(url, Network.from(16601n), { staticNetwork: true, pollingInterval: 100 });
const watched = new Contract(address, token.abi, polled);
const heard = new Promise((resolve) => watched.once("Transfer", (from, to, value) => resolve(value)));
await sleep(500);
await (await deployed.transfer(friend.address, 77n)).wait();
assert.equal(await heard, 77n);
polled.destroy();

// WebSocket: new blocks in order, logs, pending transactions
const socket = new WebSocketProvider(wsUrl);
const blocks = [];
const pending = [];
const logs = [];
await socket.on("block", (value) => blocks.push(value));
await socket.on("pending", (hash) => pending.push(hash));
const live = new Contract(address, token.abi, socket);
await live.on("Transfer", (from, to, value) => logs.push(value));
await sleep(300);
const last = await deployed.transfer(friend.address, 123n);
const mined = await last.wait();
for (let waited = 0; waited < 100 && !(blocks.includes(mined.blockNumber) && logs.length && pending.includes(last.hash)); ++waited) {
  await sleep(100);
}
assert(blocks.includes(mined.blockNumber), `blocks ${blocks}`);
assert(blocks.every((value, index) => index === 0 || value === blocks[index - 1] + 1), `blocks ${blocks}`);
assert.deepEqual(logs, [123n]);
assert(pending.includes(last.hash));
assert.equal(await socket.getBlockNumber() >= mined.blockNumber, true);
await socket.destroy();
seen.subscriptions = blocks.length;

// type 4: the wallet's own account runs the workload's code (EIP-7702)
const workload = artifact("Workload");
const engine = await new ContractFactory(workload.abi, workload.bytecode, wallet).deploy();
await engine.waitForDeployment();
const delegate = Wallet.createRandom(provider);
const authorization = await delegate.authorize({ address: await engine.getAddress(), nonce: 0, chainId: 16601n });
const set = await wallet.sendTransaction({
  type: 4, to: delegate.address, authorizationList: [authorization], data: engine.interface.encodeFunctionData("increment"),
  gasLimit: 200000n,
});
const done = await set.wait();
assert.equal(done.status, 1);
assert.equal(done.type, 4);
assert.equal(await provider.getCode(delegate.address), "0xef0100" + (await engine.getAddress()).slice(2).toLowerCase());
assert.equal(await new Contract(delegate.address, workload.abi, provider).counter(), 1n);
seen.types.push(4);

// messages and typed data, checked by the other side
assert.equal(verifyMessage("hello", await wallet.signMessage("hello")), wallet.address);
const domain = { name: "zerog", chainId: 16601 };
const types = { Note: [{ name: "text", type: "string" }] };
assert.equal(verifyTypedData(domain, types, { text: "x" }, await wallet.signTypedData(domain, types, { text: "x" })), wallet.address);

provider.destroy();
console.log(JSON.stringify(seen));
