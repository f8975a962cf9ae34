// Runs the steps of a job through one of the official compute clients, as published, and prints what each gave.
// usage: node run.cjs PACKAGE JOB.json
const fs = require('node:fs');

const { ethers } = require('ethers');
const client = require(process.argv[2]);
const job = JSON.parse(fs.readFileSync(process.argv[3]));

const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);
const listed = (value) => (Array.isArray(value) ? Array.from(value, listed) : value);

// A request as the client's documentation has it: its headers, the endpoint of the service, and its check of the answer.
async function chat(broker, provider, body, key) {
  const { endpoint, model } = await broker.inference.getServiceMetadata(provider);
  const headers = key ? { Authorization: `Bearer ${key}` } : await broker.inference.getRequestHeaders(provider, 'hello');
  const answer = await fetch(`${endpoint}/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ model, ...body }),
  });
  const text = await answer.text();
  if (!answer.ok) return { status: answer.status, text };
  const id = answer.headers.get('ZG-Res-Key');
  const verified = await broker.inference.processResponse(provider, id, text);
  const byId = body.stream ? null : await broker.inference.processResponse(provider, JSON.parse(text).id, text);
  return { status: answer.status, text, verified, byId };
}

// `5n` is a big number, `$0.name` a member of what an earlier step gave.
function read(value, results) {
  if (typeof value !== 'string') return value;
  if (/^\d+n$/.test(value)) return BigInt(value.slice(0, -1));
  const earlier = /^\$(\d+)\.(\w+)$/.exec(value);
  return earlier ? results[Number(earlier[1])].ok[earlier[2]] : value;
}

async function main() {
  const provider = new ethers.JsonRpcProvider(job.rpc, undefined, { pollingInterval: 100 });
  const signer = new ethers.Wallet(job.key, provider);
  const broker = await client.createZGComputeNetworkBroker(signer); // no addresses: it finds the network by itself
  const results = [];
  for (const step of job.steps) {
    try {
      if (step.do === 'chat') {
        results.push({ ok: await chat(broker, ...step.args) });
        continue;
      }
      let target = broker;
      const path = step.do.split('.');
      for (const part of path.slice(0, -1)) target = target[part];
      const args = step.args.map((value) => read(value, results));
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
