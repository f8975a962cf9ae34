#include "evm/block/codec.hpp"

#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"

namespace zg::evm {

using rlp::Decoder;
using rlp::Encoder;

const Hash32 kEmptyOmmersHash{{0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a,
                               0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};

std::vector<uint8_t> encode_header(const Header& h) {
  Encoder out;
  out.reserve(700);
  const size_t list = out.open_list();
  out.bytes(h.parent_hash);
  out.bytes(h.ommers_hash);
  out.bytes(h.coinbase);
  out.bytes(h.state_root);
  out.bytes(h.transactions_root);
  out.bytes(h.receipts_root);
  out.bytes(Bytes{h.bloom.b, 256});
  out.number(h.difficulty);
  out.number(h.number);
  out.number(h.gas_limit);
  out.number(h.gas_used);
  out.number(h.timestamp);
  out.bytes(as_bytes(h.extra_data));
  out.bytes(h.prev_randao);
  out.bytes(Bytes{h.nonce, 8});
  out.number(h.base_fee);
  out.bytes(h.withdrawals_root);
  out.number(h.blob_gas_used);
  out.number(h.excess_blob_gas);
  out.bytes(h.parent_beacon_block_root);
  if (h.requests_hash) out.bytes(*h.requests_hash);
  out.close_list(list);
  return out.take();
}

Outcome<Header> decode_header(Bytes rlp) {
  Decoder outer(rlp);
  Decoder in = outer.list();
  Header h;
  h.parent_hash = in.fixed<32>();
  h.ommers_hash = in.fixed<32>();
  h.coinbase = in.fixed<20>();
  h.state_root = in.fixed<32>();
  h.transactions_root = in.fixed<32>();
  h.receipts_root = in.fixed<32>();
  const auto bloom = in.fixed<256>();
  std::memcpy(h.bloom.b, bloom.b, 256);
  h.difficulty = in.number_u256();
  h.number = in.number_u64();
  h.gas_limit = in.number_u64();
  h.gas_used = in.number_u64();
  h.timestamp = in.number_u64();
  const Bytes extra = in.bytes();
  h.extra_data.assign(extra.data, extra.data + extra.size);
  h.prev_randao = in.fixed<32>();
  const auto nonce = in.fixed<8>();
  std::memcpy(h.nonce, nonce.b, 8);
  h.base_fee = in.number_u256();
  h.withdrawals_root = in.fixed<32>();
  h.blob_gas_used = in.number_u64();
  h.excess_blob_gas = in.number_u64();
  h.parent_beacon_block_root = in.fixed<32>();
  if (!in.at_end()) h.requests_hash = in.fixed<32>();
  in.finish();
  outer.finish();
  if (outer.failed()) return Failure{Status::bad_encoding, std::string("header: ") + outer.error()};
  return h;
}

Hash32 header_hash(const Header& header) { return keccak256::hash(as_bytes(encode_header(header))); }

namespace {

void append_withdrawal(Encoder& out, const Withdrawal& w) {
  const size_t list = out.open_list();
  out.number(w.index);
  out.number(w.validator_index);
  out.bytes(w.address);
  out.number(w.amount_gwei);
  out.close_list(list);
}

void append_transaction_list(Encoder& out, const std::vector<Bytes>& transactions) {
  size_t payload = 0;
  const auto is_legacy = [](Bytes raw) { return raw.size != 0 && raw.data[0] >= 0xc0; };
  for (const Bytes& raw : transactions) payload += is_legacy(raw) ? raw.size : rlp::size_of_bytes(raw);
  out.list_header(payload);
  for (const Bytes& raw : transactions) is_legacy(raw) ? out.raw(raw) : out.bytes(raw);
}

void append_withdrawals(Encoder& out, const std::vector<Withdrawal>& withdrawals) {
  const size_t list = out.open_list();
  for (const Withdrawal& w : withdrawals) append_withdrawal(out, w);
  out.close_list(list);
}

std::vector<Withdrawal> read_withdrawals(Decoder& in) {
  std::vector<Withdrawal> out;
  Decoder list = in.list();
  while (!list.at_end()) {
    Decoder entry = list.list();
    Withdrawal w;
    w.index = entry.number_u64();
    w.validator_index = entry.number_u64();
    w.address = entry.fixed<20>();
    w.amount_gwei = entry.number_u64();
    entry.finish();
    out.push_back(w);
  }
  return out;
}

// What 0G puts behind the withdrawals. One form for each content: what is empty is left out, or an empty string when it must
// hold its place.
void read_inputs_of_zerog(Decoder& in, ConsensusInputs& inputs) {
  if (in.at_end()) return;
  if (in.next_is_list()) {
    inputs.slashings = read_withdrawals(in);
    if (inputs.slashings.empty()) in.fail("an empty list of slashings is left out");
    if (in.at_end()) return;
  } else if (in.bytes().size != 0 || in.at_end()) {
    in.fail("slashings are a list");
  }
  const Bytes bridge = in.bytes();
  if (bridge.size == 0) in.fail("an empty bridge request is left out");
  inputs.bridge.emplace(bridge.data, bridge.data + bridge.size);
}

}  // namespace

std::vector<uint8_t> encode_withdrawal(const Withdrawal& withdrawal) {
  Encoder out;
  append_withdrawal(out, withdrawal);
  return out.take();
}

std::vector<uint8_t> encode_receipt(const Receipt& receipt) {
  Encoder out;
  out.reserve(400);
  const uint8_t type = static_cast<uint8_t>(receipt.type);
  if (receipt.type != TxType::legacy) out.raw({&type, 1});
  const size_t list = out.open_list();
  out.number(uint64_t{receipt.success});
  out.number(receipt.cumulative_gas_used);
  out.bytes(Bytes{receipt.bloom.b, 256});
  const size_t logs = out.open_list();
  for (const Log& log : receipt.logs) {
    const size_t entry = out.open_list();
    out.bytes(log.address);
    const size_t topics = out.open_list();
    for (const Hash32& topic : log.topics) out.bytes(topic);
    out.close_list(topics);
    out.bytes(as_bytes(log.data));
    out.close_list(entry);
  }
  out.close_list(logs);
  out.close_list(list);
  return out.take();
}

std::vector<uint8_t> encode_transaction_list(const std::vector<Bytes>& transactions) {
  Encoder out;
  append_transaction_list(out, transactions);
  return out.take();
}

std::vector<uint8_t> encode_block(Bytes header_rlp, const std::vector<Bytes>& transactions, const ConsensusInputs& inputs) {
  const std::vector<uint8_t> list = encode_transaction_list(transactions);
  Encoder tail;
  append_withdrawals(tail, inputs.withdrawals);
  if (!inputs.slashings.empty()) append_withdrawals(tail, inputs.slashings);
  else if (inputs.bridge) tail.bytes(Bytes{});
  if (inputs.bridge) tail.bytes(as_bytes(*inputs.bridge));
  Encoder out;
  const size_t payload = header_rlp.size + list.size() + 1 + tail.size();
  out.reserve(payload + 9);
  out.list_header(payload);
  out.raw(header_rlp);
  out.raw(as_bytes(list));
  out.list_header(0);
  out.raw(tail.view());
  return out.take();
}

Outcome<DecodedBlock> decode_block(Bytes rlp) {
  DecodedBlock block;
  Decoder outer(rlp);
  Decoder in = outer.list();
  block.header_rlp = in.raw();
  Decoder transactions = in.list();
  while (!transactions.at_end()) {
    if (transactions.next_is_list()) {
      block.transactions.push_back(transactions.raw());
      continue;
    }
    // A legacy transaction inside a string would be a second encoding of the same block.
    const Bytes typed = transactions.bytes();
    if (typed.size != 0 && typed.data[0] >= 0xc0) transactions.fail("a legacy transaction stands in the list as it is");
    block.transactions.push_back(typed);
  }
  Decoder ommers = in.list();
  if (!ommers.at_end()) ommers.fail("a block has no ommers");
  block.inputs.withdrawals = read_withdrawals(in);
  read_inputs_of_zerog(in, block.inputs);
  in.finish();
  outer.finish();
  if (outer.failed()) return Failure{Status::bad_encoding, std::string("block: ") + outer.error()};
  Outcome<Header> header = decode_header(block.header_rlp);
  if (!header.ok()) return header.failure();
  block.header = std::move(*header);
  return block;
}

}  // namespace zg::evm
