// DASigners: who signs for data availability, and the quorums of every epoch. The rules of version 3 are here, and what both
// versions have.
#include "evm/zerog_rules/dasigners.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "evm/zerog_rules/slots.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::evm::zerog_rules {

namespace da_signers {

namespace {

constexpr size_t kSocketMax = 96;
constexpr Hash32 kNewSignerTopic{{0x67, 0x99, 0x17, 0xc2, 0x00, 0x6d, 0xf1, 0xda, 0xaa, 0x98, 0x7a, 0x56, 0xbf, 0x1d, 0x66, 0xe9,
                                  0x97, 0x64, 0xd5, 0xad, 0x31, 0x78, 0x92, 0xd9, 0xe8, 0x3a, 0x6e, 0xb4, 0xe3, 0xf0, 0x51, 0xe7}};
constexpr Hash32 kSocketUpdatedTopic{{0x09, 0x61, 0x7a, 0x96, 0x61, 0x76, 0xa4, 0x0f, 0x8f, 0x14, 0x10, 0x76, 0x8b, 0x11, 0x85, 0x06,
                                      0xdb, 0x00, 0x96, 0x48, 0x4a, 0xcd, 0x58, 0x11, 0x06, 0x4f, 0xcc, 0x12, 0x03, 0x87, 0x98, 0xde}};

}  // namespace

U256 load(Call& call, const Hash32& key) { return call.host.storage(kDaSigners, U256::from_be(key.b)); }
void store(Call& call, const Hash32& key, const U256& value) { call.host.set_storage(kDaSigners, U256::from_be(key.b), value); }
uint64_t load_epoch(Call& call) { return load(call, epoch_number_key()).w[0]; }

namespace {

enum class Found : uint8_t { yes, no, corrupt };

Found load_signer(Call& call, const Address& signer, SignerDetail& out) {
  const ByteString stored(call.host, kDaSigners, signer_key(signer));
  if (stored.size() == 0) return Found::no;
  return decode_signer(as_bytes(stored.read()), out) ? Found::yes : Found::corrupt;
}

void store_signer(Call& call, const SignerDetail& signer) {
  ByteString(call.host, kDaSigners, signer_key(signer.signer)).write(as_bytes(encode_signer(signer)));
}

// signer, socket, pkG1, pkG2: eight words of head.
SignerDetail read_signer(AbiReader& from) {
  SignerDetail s;
  s.signer = from.address(0);
  const Bytes socket = from.bytes(1);
  s.socket.assign(reinterpret_cast<const char*>(socket.data), socket.size);
  s.pk_g1 = read_g1(from, 2);
  for (size_t i = 0; i < 2; ++i) s.pk_g2.x[i] = from.number(4 + i);
  for (size_t i = 0; i < 2; ++i) s.pk_g2.y[i] = from.number(6 + i);
  return s;
}
constexpr uint64_t kSignerHeadSize = 8 * 32;

void write_keys(AbiWriter& out, const SignerDetail& s) {
  out.number(s.pk_g1.x).number(s.pk_g1.y);
  for (const U256& part : s.pk_g2.x) out.number(part);
  for (const U256& part : s.pk_g2.y) out.number(part);
}

Hash32 topic_of(const Address& address) {
  Hash32 topic{};
  std::memcpy(topic.b + 12, address.b, 20);
  return topic;
}

void emit_socket_updated(Call& call, const SignerDetail& signer) {
  call.host.emit_log({kDaSigners,
                      {kSocketUpdatedTopic, topic_of(signer.signer)},
                      AbiWriter().number(U256(32)).bytes(as_bytes(signer.socket)).take()});
}

// The rows of a quorum lie in one byte string; rows can be read without the rest.
struct StoredQuorum {
  ByteString text;
  QuorumShape shape;
};

Ending open_quorum(Call& call, uint64_t epoch, uint64_t quorum_id, std::optional<StoredQuorum>& out) {
  if (load_epoch(call) < epoch) return broken("epoch out of bound");
  if (load(call, quorum_count_key(epoch)) <= U256(quorum_id)) return broken("quorum id out of bound");
  ByteString text(call.host, kDaSigners, quorum_key(epoch, quorum_id));
  const std::vector<uint8_t> head = text.read(0, static_cast<size_t>(std::min<uint64_t>(text.size(), 5)));
  QuorumShape shape;
  if (!quorum_shape(as_bytes(head), static_cast<size_t>(text.size()), shape)) return kCorrupt;
  out.emplace(StoredQuorum{text, shape});
  return kDone;
}

Ending load_quorum(Call& call, uint64_t epoch, uint64_t quorum_id, std::vector<Address>& rows) {
  std::optional<StoredQuorum> quorum;
  const Ending opened = open_quorum(call, epoch, quorum_id, quorum);
  if (opened.kind != Ending::done) return opened;
  return decode_quorum(as_bytes(quorum->text.read()), rows) ? kDone : kCorrupt;
}

}  // namespace

G1Words read_g1(AbiReader& from, size_t index) {
  G1Words p;
  p.x = from.number(index);
  p.y = from.number(index + 1);
  return p;
}

bool read_registration(Call& call, SignerDetail& signer, G1Words& signature) {
  AbiReader detail = call.arguments.tuple(0);
  signer = read_signer(detail);
  signature = read_g1(call.arguments, 1);
  return call.arguments.ok() && detail.ok();
}

Ending tell_params(Call& call, uint64_t tokens_per_vote, const QuorumRules& rules, uint64_t epoch_blocks) {
  call.output = AbiWriter()
                    .number(U256(tokens_per_vote))
                    .number(U256(rules.votes_per_signer_max))
                    .number(U256(rules.quorums_max))
                    .number(U256(epoch_blocks))
                    .number(U256(rules.encoded_slices))
                    .take();
  return kDone;
}

Ending epoch_number(Call& call) {
  call.output = AbiWriter().number(U256(load_epoch(call))).take();
  return kDone;
}

Ending is_signer(Call& call) {
  const Address account = call.arguments.address(0);
  if (!call.arguments.ok()) return kMalformed;
  const ByteString stored(call.host, kDaSigners, signer_key(account));
  call.output = AbiWriter().number(U256(stored.size() != 0 ? 1 : 0)).take();
  return kDone;
}

Ending get_signer(Call& call) {
  const std::vector<Address> accounts = call.arguments.addresses(0);
  if (!call.arguments.ok()) return kMalformed;
  // The price does not depend on the list: a repeated account is read once.
  std::unordered_map<Address, SignerDetail, FixedHash> seen;
  std::vector<const SignerDetail*> signers;
  signers.reserve(accounts.size());
  for (const Address& account : accounts) {
    auto [at, is_new] = seen.try_emplace(account);
    if (is_new) switch (load_signer(call, account, at->second)) {
        case Found::yes: break;
        case Found::no: return kSignerNotFound;
        case Found::corrupt: return kCorrupt;
      }
    signers.push_back(&at->second);
  }
  AbiWriter out;
  out.number(U256(32)).number(U256(signers.size()));
  uint64_t offset = 32 * signers.size();
  for (const SignerDetail* s : signers) {
    out.number(U256(offset));
    offset += kSignerHeadSize + 32 + (s->socket.size() + 31) / 32 * 32;
  }
  for (const SignerDetail* s : signers) {
    out.address(s->signer).number(U256(kSignerHeadSize));
    write_keys(out, *s);
    out.bytes(as_bytes(s->socket));
  }
  call.output = out.take();
  return kDone;
}

Ending get_quorum(Call& call) {
  const uint64_t epoch = call.arguments.number_u64(0), quorum_id = call.arguments.number_u64(1);
  if (!call.arguments.ok()) return kMalformed;
  std::vector<Address> rows;
  const Ending loaded = load_quorum(call, epoch, quorum_id, rows);
  if (loaded.kind != Ending::done) return loaded;
  AbiWriter out;
  out.number(U256(32)).number(U256(rows.size()));
  for (const Address& row : rows) out.address(row);
  call.output = out.take();
  return kDone;
}

Ending get_quorum_row(Call& call) {
  const uint64_t epoch = call.arguments.number_u64(0), quorum_id = call.arguments.number_u64(1);
  const uint32_t row = call.arguments.number_u32(2);
  if (!call.arguments.ok()) return kMalformed;
  std::optional<StoredQuorum> quorum;
  const Ending opened = open_quorum(call, epoch, quorum_id, quorum);
  if (opened.kind != Ending::done) return opened;
  if (row >= quorum->shape.rows) return broken("row id out of bound");
  Address signer;
  if (!decode_quorum_row(quorum->text.read(quorum->shape.row_at(row), QuorumShape::kRowSize).data(), signer)) return kCorrupt;
  call.output = AbiWriter().address(signer).take();
  return kDone;
}

Ending registered_epoch(Call& call) {
  const Address account = call.arguments.address(0);
  const uint64_t epoch = call.arguments.number_u64(1);
  if (!call.arguments.ok()) return kMalformed;
  call.output = AbiWriter().number(U256(load(call, registration_key(epoch, account)).is_zero() ? 0 : 1)).take();
  return kDone;
}

// The sum of the keys whose first marked row is met, and how many rows that credits: every later row of an added signer
// counts, marked or not.
Ending get_aggregate_key(Call& call) {
  const uint64_t epoch = call.arguments.number_u64(0), quorum_id = call.arguments.number_u64(1);
  const Bytes bitmap = call.arguments.bytes(2);
  if (!call.arguments.ok()) return kMalformed;
  std::vector<Address> rows;
  const Ending loaded = load_quorum(call, epoch, quorum_id, rows);
  if (loaded.kind != Ending::done) return loaded;
  if (bitmap.size != (rows.size() + 7) / 8) return broken("quorum bitmap length mismatch");
  bn254::G1 sum = bn254::G1::infinity();
  uint64_t hit = 0;
  std::unordered_set<Address, FixedHash> added;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (added.count(rows[i]) != 0) {
      ++hit;
      continue;
    }
    if ((bitmap.data[i / 8] >> (i % 8) & 1) == 0) continue;
    ++hit;
    added.insert(rows[i]);
    SignerDetail signer;
    switch (load_signer(call, rows[i], signer)) {
      case Found::yes: break;
      case Found::no: return kSignerNotFound;
      case Found::corrupt: return kCorrupt;
    }
    bn254::G1Affine key;
    if (!read_point(signer.pk_g1, key)) return kCorrupt;  // registration admits curve points only
    sum = bn254::add_var(sum, key);
  }
  uint8_t point[64];
  bn254::encode_g1(bn254::to_affine_var(sum), point);
  call.output = AbiWriter()
                    .number(U256::from_be(point))
                    .number(U256::from_be(point + 32))
                    .number(U256(rows.size()))
                    .number(U256(hit))
                    .take();
  return kDone;
}

Ending enroll(Call& call, const SignerDetail& signer, const G1Words& signature) {
  if (signer.socket.size() > kSocketMax) return broken("socket too long");
  const ByteString stored(call.host, kDaSigners, signer_key(signer.signer));
  if (stored.size() != 0) return broken("signer exists");
  if (!signature_holds(signer, registration_point(signer.signer, call.rules.chain_id), signature)) return broken("invalid signature");
  store_signer(call, signer);
  AbiWriter keys;
  write_keys(keys, signer);
  call.host.emit_log({kDaSigners, {kNewSignerTopic, topic_of(signer.signer)}, keys.take()});
  emit_socket_updated(call, signer);
  return kDone;
}

Ending enter_next_epoch(Call& call, const Address& account, const G1Words& signature, const U256& votes) {
  SignerDetail signer;
  switch (load_signer(call, account, signer)) {
    case Found::yes: break;
    case Found::no: return kSignerNotFound;
    case Found::corrupt: return kCorrupt;
  }
  const uint64_t epoch = load_epoch(call) + 1;
  if (!signature_holds(signer, epoch_point(account, epoch, call.rules.chain_id), signature)) return broken("invalid signature");
  const Hash32 registration = registration_key(epoch, account);
  if (!load(call, registration).is_zero()) return kDone;
  uint8_t text[64];
  signature.x.to_be(text);
  signature.y.to_be(text + 32);
  store(call, registration, U256::from_be(keccak256::hash(Bytes{text, sizeof text}).b));
  store(call, votes_key(epoch, account), votes);
  const U256 count = load(call, registered_count_key(epoch));
  store(call, registered_count_key(epoch), count + U256(1));
  store(call, registered_signer_key(epoch, count.w[0]), U256::from_be(topic_of(account).b));
  return kDone;
}

std::vector<RegisteredSigner> registered_for(Call& call, uint64_t epoch) {
  std::vector<RegisteredSigner> signers;
  const uint64_t count = load(call, registered_count_key(epoch)).w[0];
  for (uint64_t i = 0; i < count; ++i) {
    const Hash32 stored = load(call, registered_signer_key(epoch, i)).to_hash();
    const Address signer = fixed_from<20>(stored.b + 12);
    signers.push_back({signer, load(call, registration_key(epoch, signer)).to_hash(), load(call, votes_key(epoch, signer)).saturated_u64()});
  }
  return signers;
}

void begin_epoch(Call& call, uint64_t epoch, const std::vector<std::vector<Address>>& quorums) {
  for (size_t i = 0; i < quorums.size(); ++i)
    ByteString(call.host, kDaSigners, quorum_key(epoch, i)).write(as_bytes(encode_quorum(quorums[i])));
  store(call, quorum_count_key(epoch), U256(quorums.size()));
  store(call, epoch_number_key(), U256(epoch));
  store(call, epoch_block_key(epoch), U256(call.host.block_number()));
}

Ending update_socket(Call& call) {
  const Bytes socket = call.arguments.bytes(0);
  if (!call.arguments.ok()) return kMalformed;
  if (call.caller != call.host.tx_origin()) return broken("sender not origin");
  if (socket.size > kSocketMax) return broken("socket too long");
  SignerDetail signer;
  switch (load_signer(call, call.caller, signer)) {
    case Found::yes: break;
    case Found::no: return kSignerNotFound;
    case Found::corrupt: return kCorrupt;
  }
  signer.socket.assign(reinterpret_cast<const char*>(socket.data), socket.size);
  store_signer(call, signer);
  emit_socket_updated(call, signer);
  return kDone;
}

}  // namespace da_signers

namespace {

using namespace da_signers;

constexpr uint64_t kTokensPerVote = 30, kEpochBlocks = 28800;
constexpr QuorumRules kQuorumRules{};

Ending params(Call& call) { return tell_params(call, kTokensPerVote, kQuorumRules, kEpochBlocks); }

Ending quorum_count(Call& call) {
  const uint64_t epoch = call.arguments.number_u64(0);
  if (!call.arguments.ok()) return kMalformed;
  call.output = AbiWriter().number(load(call, quorum_count_key(epoch))).take();
  return kDone;
}

Ending register_signer(Call& call) {
  SignerDetail signer;
  G1Words signature;
  if (!read_registration(call, signer, signature)) return kMalformed;
  if (call.caller != kDaRegistry) return broken("sender not registry");
  return enroll(call, signer, signature);
}

Ending register_next_epoch(Call& call) {
  const Address account = call.arguments.address(0);
  const G1Words signature = read_g1(call.arguments, 1);
  const U256 votes = call.arguments.number(3);
  if (!call.arguments.ok()) return kMalformed;
  if (call.caller != kDaRegistry) return broken("sender not registry");
  return enter_next_epoch(call, account, signature, votes);
}

Ending make_epoch(Call& call) {
  const uint64_t epoch = load_epoch(call);
  const uint64_t start = load(call, epoch_block_key(epoch)).w[0], block = call.host.block_number();
  if (start > 0 && block < start + kEpochBlocks) return kDone;  // not yet
  begin_epoch(call, epoch + 1, build_quorums(registered_for(call, epoch + 1), kQuorumRules));
  return kDone;
}

constexpr Method kMethods[] = {
    {0xcff0ab96, 1000, false, params},
    {0xf4145a83, 1000, false, epoch_number},
    {0x5ecba503, 1000, false, quorum_count},
    {0x7df73e27, 10000, false, is_signer},
    {0xd1f5e5f8, 100000, false, get_signer},
    {0x6ab6f654, 100000, false, get_quorum},
    {0xfa6fcba6, 10000, false, get_quorum_row},
    {0x6c9e560c, 10000, false, registered_epoch},
    {0x50b73739, 1000000, false, get_aggregate_key},
    {0x7ca4dd5e, 100000, true, register_signer},
    {0x0f62bda5, 100000, true, register_next_epoch},
    {0x0cf4b767, 50000, true, update_socket},
    {0x5a889f0c, 100000, true, make_epoch},
};

}  // namespace

const MethodTable kDaSignersMethods{kMethods, sizeof kMethods / sizeof kMethods[0]};

}  // namespace zg::evm::zerog_rules
