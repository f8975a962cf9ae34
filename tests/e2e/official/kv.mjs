// Key-value streams through the official npm client, unmodified: `node kv.mjs JOB.json`. Writes batches, reads them back with
// values, iterators and rights, and prints RESULT and what it saw as the last line.

import { readFileSync } from 'node:fs'
import { ethers } from 'ethers'
import { Batcher, getFlowContract, KvClient, StorageNode } from '@0gfoundation/0g-ts-sdk'

const job = JSON.parse(readFileSync(process.argv[2]))
const signer = new ethers.Wallet(job.key, new ethers.JsonRpcProvider(job.rpc, undefined, { pollingInterval: 200 }))
const nodes = job.nodes.map((url) => new StorageNode(url))
const flow = getFlowContract((await nodes[0].getStatus()).networkIdentity.flowAddress, signer)
const kv = new KvClient(job.kv)
const key = (text) => Uint8Array.from(Buffer.from(text, 'utf-8'))
const text = (value) => Buffer.from(value.data, 'base64').toString()
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

async function write(version, pairs) {
  const batcher = new Batcher(version, nodes, flow, job.rpc)
  for (const [name, value] of pairs) batcher.streamDataBuilder.set(job.stream, key(name), key(value))
  const [done, error] = await batcher.exec()
  if (error !== null) throw error
  return done.txSeqs?.[0] ?? done.txSeq
}

// The client has no call for the replay's progress: it asks for a value until it is there.
async function until(look) {
  for (let turn = 0; turn < 300; turn += 1) {
    const found = await look()
    if (found) return found
    await pause(100)
  }
  throw new Error('waited for too long')
}

const seen = { status: [] }
await write(Number.MAX_SAFE_INTEGER, [['hello', 'world'], ['k2', 'two'], ['z', 'last'], ['long', 'x'.repeat(200000)]])
await until(async () => text(await kv.getValue(job.stream, key('z'))) === 'last')
await write(Number.MAX_SAFE_INTEGER, [['hello', 'again'], ['k2', '']])
await until(async () => text(await kv.getValue(job.stream, key('hello'))) === 'again')

const hello = await kv.getValue(job.stream, key('hello'))
const before = await kv.getValue(job.stream, key('hello'), hello.version - 1)
seen.hello = [text(hello), hello.size, text(before), before.version < hello.version]
seen.long = text(await kv.getValue(job.stream, key('long'))).length
seen.absent = await kv.getValue(job.stream, key('nothing'))
seen.deleted = (await kv.getValue(job.stream, key('k2'))).size
seen.part = text(await kv.get(job.stream, key('hello'), 1, 3))
const next = await kv.getNextWithValue(job.stream, key('hello'), false)
seen.next = Buffer.from(next.key, 'base64').toString()

const iterator = kv.newIterator(job.stream)
seen.forward = []
if ((await iterator.seekToFirst()) !== null) throw new Error('seekToFirst')
while (iterator.valid()) {
  const pair = iterator.getCurrentPair()
  seen.forward.push([Buffer.from(pair.key).toString(), pair.size])
  await iterator.next()
}
seen.backward = []
await iterator.seekToLast()
while (iterator.valid()) {
  seen.backward.push(Buffer.from(iterator.getCurrentPair().key).toString())
  await iterator.prev()
}
await iterator.seekAfter(key('i'))
seen.after = Buffer.from(iterator.getCurrentPair().key).toString()
await iterator.seekBefore(key('i'))
seen.before = Buffer.from(iterator.getCurrentPair().key).toString()

const me = signer.address
const other = '0x' + '99'.repeat(20)
seen.rights = [
  await kv.isAdmin(me, job.stream), await kv.isAdmin(other, job.stream),
  await kv.hasWritePermission(me, job.stream, key('hello')), await kv.hasWritePermission(other, job.stream, key('hello')),
  await kv.isSpecialKey(job.stream, key('hello')), await kv.isWriterOfKey(me, job.stream, key('hello')),
  await kv.isWriterOfStream(me, job.stream),
]
seen.holding = (await kv.getHoldingStreamIds()).includes(job.stream)
seen.result = await kv.getTransactionResult(hello.version)

// A batch whose bound is below the key's version changes nothing.
await write(before.version, [['hello', 'late'], ['new', 'late']])
seen.conflict = await until(() => kv.getTransactionResult(hello.version + 1))
seen.kept = [text(await kv.getValue(job.stream, key('hello'))), (await kv.getValue(job.stream, key('new'))).size]
console.log('RESULT' + JSON.stringify(seen))
process.exit(0)
