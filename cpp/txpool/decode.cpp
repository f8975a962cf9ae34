#include "txpool/decode.hpp"

#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"
#include "sig/ecdsa/api.hpp"

namespace zg::txpool {

using evm::AccessTuple;
using evm::Authorization;
using evm::Transaction;
using evm::TxType;
using rlp::Decoder;
using rlp::Encoder;

namespace {

// The order of secp256k1's group, and half of it: the largest s that is accepted (EIP-2).
const U256 kOrder{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff};
const U256 kHalfOrder = kOrder >> 1;

void read_access_list(Decoder& fields, std::vector<AccessTuple>& out) {
  Decoder tuples = fields.list();
  while (!tuples.at_end()) {
    Decoder tuple = tuples.list();
    AccessTuple& entry = out.emplace_back();
    entry.address = tuple.fixed<20>();
    Decoder slots = tuple.list();
    while (!slots.at_end()) entry.slots.push_back(slots.fixed<32>());
    tuple.finish();
  }
}

void read_authorizations(Decoder& fields, std::vector<Authorization>& out) {
  Decoder entries = fields.list();
  while (!entries.at_end()) {
    Decoder entry = entries.list();
    Authorization& a = out.emplace_back();
    a.chain_id = entry.number_u256();
    a.address = entry.fixed<20>();
    a.nonce = entry.number_u64();
    const uint64_t y_parity = entry.number_u64();
    if (y_parity > 255) entry.fail("y parity does not fit one byte");
    a.y_parity = static_cast<uint8_t>(y_parity);
    a.r = entry.number_u256();
    a.s = entry.number_u256();
    entry.finish();
  }
}

// Decodes the fields; `signed_fields` is the run of items in `raw` that the sender signed. Returns what is wrong, or "".
std::string decode_fields(Bytes raw, Transaction& tx, Bytes& signed_fields) {
  if (raw.size > kTransactionSizeMax) return "oversized data";
  if (raw.size == 0) return "typed transaction too short";
  const bool legacy = raw.data[0] >= 0xc0;
  if (!legacy) {
    if (raw.data[0] == 0 || raw.data[0] > 4) return "transaction type not supported";
    if (raw.size < 2) return "typed transaction too short";
  }
  tx.type = legacy ? TxType::legacy : static_cast<TxType>(raw.data[0]);
  Decoder outer(legacy ? raw : Bytes{raw.data + 1, raw.size - 1});
  Decoder fields = outer.list();
  if (tx.type == TxType::blob && fields.next_is_list())
    return "blob transaction with sidecar is not accepted: 0G keeps data in its DA network; send the block form";
  const uint8_t* const begin = fields.position();
  if (!legacy) tx.chain_id = fields.number_u64();
  tx.nonce = fields.number_u64();
  tx.max_priority_fee = fields.number_u256();
  tx.max_fee = tx.type >= TxType::dynamic_fee ? fields.number_u256() : tx.max_priority_fee;
  tx.gas_limit = fields.number_u64();
  tx.to = fields.fixed_or_empty<20>();
  tx.value = fields.number_u256();
  const Bytes data = fields.bytes();
  tx.data.assign(data.data, data.data + data.size);
  if (!legacy) read_access_list(fields, tx.access_list);
  if (tx.type == TxType::blob) {
    tx.max_fee_per_blob_gas = fields.number_u256();
    Decoder hashes = fields.list();
    while (!hashes.at_end()) tx.blob_hashes.push_back(hashes.fixed<32>());
  }
  if (tx.type == TxType::set_code) read_authorizations(fields, tx.authorizations);
  signed_fields = {begin, static_cast<size_t>(fields.position() - begin)};
  tx.v = fields.number_u64();
  tx.r = fields.number_u256();
  tx.s = fields.number_u256();
  fields.finish();
  outer.finish();
  if (outer.failed()) return std::string("rlp: ") + outer.error();

  if (!tx.to && tx.type == TxType::blob) return "blob transaction of type create";
  if (!tx.to && tx.type == TxType::set_code) return "EIP-7702 transaction cannot be used to create contract";
  const bool v_stands = legacy ? tx.v >= 35 || tx.v == 27 || tx.v == 28 : tx.v <= 1;
  if (!v_stands || tx.r.is_zero() || tx.r >= kOrder || tx.s.is_zero() || tx.s > kHalfOrder) return "invalid transaction v, r, s values";
  if (legacy && tx.v >= 35) tx.chain_id = (tx.v - 35) / 2;
  return {};
}

// What is signed: the list of the fields before the signature, for EIP-155 with chain id ‖ 0 ‖ 0 behind them, after the
// type byte. The fields are taken over as they stand: canonical RLP has one form.
void append_signed(Encoder& out, const Transaction& tx, Bytes fields) {
  const bool replay_protected = tx.type == TxType::legacy && tx.chain_id.has_value();
  const uint8_t type = static_cast<uint8_t>(tx.type);
  if (tx.type != TxType::legacy) out.raw({&type, 1});
  out.list_header(fields.size + (replay_protected ? rlp::size_of_number(*tx.chain_id) + 2 : 0));
  out.raw(fields);
  if (!replay_protected) return;
  out.number(*tx.chain_id);
  out.number(uint64_t{0});
  out.number(uint64_t{0});
}

void append_authorization(Encoder& out, const Authorization& a, bool with_signature) {
  const size_t entry = out.open_list();
  out.number(a.chain_id);
  out.bytes(a.address);
  out.number(a.nonce);
  if (with_signature) {
    out.number(uint64_t{a.y_parity});
    out.number(a.r);
    out.number(a.s);
  }
  out.close_list(entry);
}

void append_fields(Encoder& out, const Transaction& tx) {
  if (tx.type != TxType::legacy) out.number(tx.chain_id.value_or(0));
  out.number(tx.nonce);
  out.number(tx.max_priority_fee);
  if (tx.type >= TxType::dynamic_fee) out.number(tx.max_fee);
  out.number(tx.gas_limit);
  out.bytes(tx.to ? as_bytes(*tx.to) : Bytes{nullptr, 0});
  out.number(tx.value);
  out.bytes(as_bytes(tx.data));
  if (tx.type == TxType::legacy) return;
  const size_t access_list = out.open_list();
  for (const AccessTuple& tuple : tx.access_list) {
    const size_t entry = out.open_list();
    out.bytes(tuple.address);
    const size_t slots = out.open_list();
    for (const Hash32& slot : tuple.slots) out.bytes(slot);
    out.close_list(slots);
    out.close_list(entry);
  }
  out.close_list(access_list);
  if (tx.type == TxType::blob) {
    out.number(tx.max_fee_per_blob_gas);
    const size_t hashes = out.open_list();
    for (const Hash32& hash : tx.blob_hashes) out.bytes(hash);
    out.close_list(hashes);
  }
  if (tx.type == TxType::set_code) {
    const size_t entries = out.open_list();
    for (const Authorization& a : tx.authorizations) append_authorization(out, a, true);
    out.close_list(entries);
  }
}

// Texts to hash and signatures to recover, gathered for one batch call each.
struct RecoveryBatch {
  Encoder texts;
  std::vector<uint64_t> offsets{0};
  std::vector<uint8_t> signatures;  // r ‖ s ‖ parity

  size_t count() const { return offsets.size() - 1; }
  void sign_with(const U256& r, const U256& s, uint8_t parity) {
    const size_t at = signatures.size();
    signatures.resize(at + 65);
    r.to_be(signatures.data() + at);
    s.to_be(signatures.data() + at + 32);
    signatures[at + 64] = parity;
    offsets.push_back(texts.size());
  }
  void add(const Transaction& tx, Bytes signed_fields) {
    append_signed(texts, tx, signed_fields);
    sign_with(tx.r, tx.s, y_parity_of(tx));
  }
  void add(const Authorization& a) {
    const uint8_t magic = 0x05;
    texts.raw({&magic, 1});
    append_authorization(texts, a, false);
    sign_with(a.r, a.s, a.y_parity);
  }
  void recover(std::vector<uint8_t>& addresses, std::vector<uint8_t>& ok) const {
    addresses.resize(count() * 20);
    ok.assign(count(), 0);
    std::vector<uint8_t> digests(count() * 32);
    keccak256::hash_many(texts.view().data, offsets.data(), count(), digests.data());
    ecdsa::recover_addresses(digests.data(), signatures.data(), count(), addresses.data(), ok.data());
  }
};

bool authorization_in_range(const Authorization& a) {
  return a.y_parity <= 1 && !a.r.is_zero() && a.r < kOrder && !a.s.is_zero() && a.s <= kHalfOrder;
}

void recover_authorities(std::vector<Transaction*>& transactions) {
  RecoveryBatch batch;
  std::vector<Authorization*> entries;
  for (Transaction* tx : transactions) {
    for (Authorization& a : tx->authorizations) {
      a.authority.reset();
      if (!authorization_in_range(a)) continue;
      batch.add(a);
      entries.push_back(&a);
    }
  }
  if (entries.empty()) return;
  std::vector<uint8_t> addresses, ok;
  batch.recover(addresses, ok);
  for (size_t i = 0; i < entries.size(); ++i)
    if (ok[i]) entries[i]->authority = fixed_from<20>(addresses.data() + 20 * i);
}

}  // namespace

uint8_t y_parity_of(const Transaction& tx) {
  if (tx.type != TxType::legacy) return static_cast<uint8_t>(tx.v & 1);
  return static_cast<uint8_t>(tx.v >= 35 ? (tx.v - 35) & 1 : tx.v - 27);
}

Outcome<Transaction> decode_transaction(Bytes raw) {
  Transaction tx;
  Bytes signed_fields;
  if (std::string error = decode_fields(raw, tx, signed_fields); !error.empty()) return Failure{Status::bad_encoding, std::move(error)};
  tx.hash = keccak256::hash(raw);
  return tx;
}

std::vector<Decoded> decode_many(const Bytes* raws, size_t count) {
  std::vector<Decoded> out(count);
  std::vector<Bytes> signed_fields(count);
  parallel_for(count, 256, [&](size_t from, size_t to) {
    std::vector<uint8_t> digests((to - from) * 32);
    keccak256::hash_many(raws + from, to - from, digests.data());
    for (size_t i = from; i < to; ++i) {
      out[i].error = decode_fields(raws[i], out[i].transaction, signed_fields[i]);
      out[i].transaction.hash = fixed_from<32>(digests.data() + 32 * (i - from));
    }
  });
  RecoveryBatch batch;
  std::vector<size_t> which;
  std::vector<Transaction*> with_authorizations;
  which.reserve(count);
  batch.offsets.reserve(count + 1);
  batch.signatures.reserve(count * 65);
  for (size_t i = 0; i < count; ++i) {
    if (!out[i].ok()) continue;
    batch.add(out[i].transaction, signed_fields[i]);
    which.push_back(i);
    if (!out[i].transaction.authorizations.empty()) with_authorizations.push_back(&out[i].transaction);
  }
  std::vector<uint8_t> addresses, ok;
  batch.recover(addresses, ok);
  for (size_t k = 0; k < which.size(); ++k) {
    if (ok[k]) out[which[k]].transaction.sender = fixed_from<20>(addresses.data() + 20 * k);
    else out[which[k]].error = "invalid sender";
  }
  recover_authorities(with_authorizations);
  return out;
}

void recover_senders(Transaction* const* transactions, size_t count, uint8_t* ok) {
  RecoveryBatch batch;
  std::vector<Transaction*> with_authorizations;
  Encoder fields;
  for (size_t i = 0; i < count; ++i) {
    fields.clear();
    append_fields(fields, *transactions[i]);
    batch.add(*transactions[i], fields.view());
    if (!transactions[i]->authorizations.empty()) with_authorizations.push_back(transactions[i]);
  }
  std::vector<uint8_t> addresses, recovered;
  batch.recover(addresses, recovered);
  for (size_t i = 0; i < count; ++i) {
    ok[i] = recovered[i];
    if (ok[i]) transactions[i]->sender = fixed_from<20>(addresses.data() + 20 * i);
  }
  recover_authorities(with_authorizations);
}

Hash32 signing_hash(const Transaction& tx) {
  Encoder fields, text;
  append_fields(fields, tx);
  append_signed(text, tx, fields.view());
  return keccak256::hash(text.view());
}

Hash32 authorization_hash(const Authorization& authorization) {
  RecoveryBatch batch;
  batch.add(authorization);
  return keccak256::hash(batch.texts.view());
}

std::vector<uint8_t> encode_transaction(const Transaction& tx) {
  Encoder fields, out;
  append_fields(fields, tx);
  fields.number(tx.v);
  fields.number(tx.r);
  fields.number(tx.s);
  const uint8_t type = static_cast<uint8_t>(tx.type);
  if (tx.type != TxType::legacy) out.raw({&type, 1});
  out.list_header(fields.size());
  out.raw(fields.view());
  return out.take();
}

}  // namespace zg::txpool
