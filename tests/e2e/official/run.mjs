// Steps of a job through an official npm client, unmodified: `node run.mjs PACKAGE JOB.json`. The last line of output is
// RESULT and a list with what each step gave: a root, nothing, or the error that the client returned or threw.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { ethers } from 'ethers'

const [name, jobFile] = process.argv.slice(2)
const sdk = await import(name)
const job = JSON.parse(readFileSync(jobFile))
const current = name.startsWith('@0gfoundation/')
const signer = new ethers.Wallet(job.key, new ethers.JsonRpcProvider(job.rpc, undefined, { pollingInterval: 200 }))
const nodes = () => job.nodes.map((url) => new sdk.StorageNode(url))
const bytes = (hex) => ethers.getBytes('0x' + hex.replace(/^0x/, ''))

// The 0.3.3 client merges no defaults into options.
const options = (step) => ({
  tags: '0x',
  finalityRequired: true,
  taskSize: step.taskSize ?? 10,
  expectedReplica: step.replicas ?? 1,
  skipTx: false,
  fee: 0n,
  ...(step.encryptKey && { encryption: { type: 'aes256', key: bytes(step.encryptKey) } }),
  ...(step.encryptFor && { encryption: { type: 'ecies', recipientPubKey: step.encryptFor } }),
})

async function upload(step) {
  const file = await sdk.ZgFile.fromFilePath(step.path)
  try {
    const gas = BigInt(step.gas ?? 0)
    if (step.via === 'indexer') {
      return await new sdk.Indexer(job.indexer).upload(file, job.rpc, signer, options(step), undefined, { gasLimit: gas })
    }
    const clients = nodes()
    const status = await clients[0].getStatus()
    const flow = sdk.getFlowContract(status.networkIdentity.flowAddress, signer)
    return await new sdk.Uploader(clients, job.rpc, flow, 0n, gas).uploadFile(file, options(step))
  } finally {
    await file.close()
  }
}

async function download(step) {
  const indexer = new sdk.Indexer(job.indexer)
  if (step.decryptKey || step.decryptSecret) {
    const decryption = { symmetricKey: step.decryptKey && bytes(step.decryptKey), privateKey: step.decryptSecret }
    const [blob, error] = await indexer.downloadToBlob(step.root, { proof: step.proof, decryption })
    if (error === null) writeFileSync(step.path, Buffer.from(await blob.arrayBuffer()))
    return error
  }
  if (step.via === 'indexer') return await indexer.download(step.root, step.path, step.proof)
  const downloader = new sdk.Downloader(nodes())
  return await downloader.downloadFile(step.root, step.path, step.proof)
}

async function run(step) {
  if (step.do === 'upload') {
    const [done, error] = await upload(step)
    if (error !== null) return { error: String(error.message ?? error) }
    return { root: done.rootHash, tx: done.txHash }
  }
  if (step.do === 'download') {
    const error = await download(step)
    if (error !== null) return { error: String(error.message ?? error) }
    return { sha256: createHash('sha256').update(readFileSync(step.path)).digest('hex') }
  }
  // The time that it takes to build a file's tree, `times` times over.
  const seconds = []
  let root = ''
  for (let turn = 0; turn < step.times; turn += 1) {
    const file = await sdk.ZgFile.fromFilePath(step.path)
    const begun = performance.now()
    const [tree, error] = await file.merkleTree()
    seconds.push((performance.now() - begun) / 1000)
    await file.close()
    if (error !== null) return { error: String(error.message ?? error) }
    root = tree.rootHash()
  }
  return { root, seconds }
}

const results = []
for (const step of job.steps) {
  try {
    results.push(await run(step))
  } catch (error) {
    results.push({ error: String(error?.message ?? error) })
  }
}
console.log('RESULT' + JSON.stringify(results))
process.exit(0)
