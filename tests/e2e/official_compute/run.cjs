// Runs the steps of a job through one of the official compute clients, as published, and prints what each gave.
// usage: node run.cjs PACKAGE JOB.json
const fs = require('node:fs');

const { ethers } = require('ethers');
const client = require(process.argv[2]);
const job = JSON.parse(fs.readFileSync(process.argv[3]));

const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);
const listed = (value) => (Array.isArray(value) ? Array.from(value, listed) : value);

async function main() {
  const provider = new ethers.JsonRpcProvider(job.rpc, undefined, { pollingInterval: 100 });
  const signer = new ethers.Wallet(job.key, provider);
  const broker = await client.createZGComputeNetworkBroker(signer); // no addresses: it finds the network by itself
  const results = [];
  for (const step of job.steps) {
    try {
      let target = broker;
      const path = step.do.split('.');
      for (const part of path.slice(0, -1)) target = target[part];
      const args = step.args.map((value) => (typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value));
      const given = await target[path.at(-1)](...args);
      results.push({ ok: listed(given) ?? null });
    } catch (error) {
      results.push({ error: String(error?.message ?? error) });
    }
  }
  console.log(`RESULT${JSON.stringify(results, plain)}`);
  process.exit(0); // the client keeps timers
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
