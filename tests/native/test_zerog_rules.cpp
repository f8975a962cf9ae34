// DASigners and the wrapped-0G base over a host that is a map: keys, encodings, every method, gas, frames, roll-back rules.
#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "check.hpp"
#include "evm/zerog_rules/contracts.hpp"
#include "evm/zerog_rules/quorums.hpp"
#include "evm/zerog_rules/records.hpp"
#include "evm/zerog_rules/signature.hpp"
#include "evm/zerog_rules/slots.hpp"
#include "hash/keccak256/api.hpp"

using namespace zg;
using namespace zg::evm;
using namespace zg::evm::zerog_rules;

namespace {

// Rolls back what an unsuccessful call did, as a frame's journal does.
class MapHost final : public StatefulHost {
 public:
  struct State {
    std::map<std::pair<Address, Hash32>, U256> slots;
    std::map<Address, U256> balances;
    std::map<Address, std::vector<uint8_t>> codes;
    std::vector<Log> logs;
  };
  U256 storage(const Address& account, const U256& slot) override {
    ++reads;
    const auto at = state.slots.find({account, slot.to_hash()});
    return at == state.slots.end() ? U256() : at->second;
  }
  void set_storage(const Address& account, const U256& slot, const U256& value) override {
    state.slots[{account, slot.to_hash()}] = value;
    ++writes;
  }
  U256 balance(const Address& account) override { return state.balances[account]; }
  void set_balance(const Address& account, const U256& value) override { state.balances[account] = value; }
  bool has_code(const Address& account) override { return !state.codes[account].empty(); }
  void set_code(const Address& account, Bytes code) override { state.codes[account].assign(code.data, code.data + code.size); }
  void emit_log(Log log) override { state.logs.push_back(std::move(log)); }
  uint64_t block_number() override { return block; }
  Address tx_origin() override { return origin; }

  StatefulResult call(const Address& to, const std::vector<uint8_t>& input, const Address& caller, uint64_t gas = 2000000,
                      bool read_only = false) {
    CHECK(is_stateful(to, rules));
    const State before = state;
    const uint64_t writes_before = writes;
    StatefulResult result = run(to, as_bytes(input), gas, read_only, caller, *this, rules);
    if (read_only) CHECK(writes == writes_before);
    if (result.outcome != StatefulOutcome::success) {
      CHECK(result.output.empty());
      CHECK(result.error[0] != 0);
      state = before;
    }
    if (result.outcome == StatefulOutcome::failure) CHECK(result.gas_used == gas);
    return result;
  }

  static Rules zerog_rules() {
    Rules made;
    made.chain_id = 16601;
    made.zerog_precompiles = true;
    return made;
  }

  State state;
  Rules rules = zerog_rules();
  uint64_t block = 1, reads = 0, writes = 0;
  Address origin{};
};

Address account_of(uint8_t i) {
  Address a{};
  a.b[19] = i;
  a.b[0] = 0xaa;
  return a;
}
U256 dec(std::string_view text) { return *parse_u256(text); }
std::string hex(const Hash32& h) { return to_hex(as_bytes(h)); }

struct Input {
  std::vector<uint8_t> bytes;
  explicit Input(uint32_t selector) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(selector >> shift));
  }
  Input& operator<<(const U256& value) {
    uint8_t be[32];
    value.to_be(be);
    for (const uint8_t b : be) bytes.push_back(b);
    return *this;
  }
  Input& operator<<(const Address& value) {
    Hash32 word{};
    std::memcpy(word.b + 12, value.b, 20);
    return *this << U256::from_be(word.b);
  }
  Input& text(std::string_view value) {
    *this << U256(value.size());
    bytes.insert(bytes.end(), value.begin(), value.end());
    bytes.resize(bytes.size() + (32 - value.size() % 32) % 32);
    return *this;
  }
};
U256 word(const StatefulResult& result, size_t i) {
  CHECK(result.output.size() >= 32 * (i + 1));
  return result.output.size() >= 32 * (i + 1) ? U256::from_be(result.output.data() + 32 * i) : U256();
}

// A signer with a secret key.
struct Person {
  U256 secret;
  SignerDetail detail;
};
G1Words words_of(const bn254::G1Affine& p) {
  uint8_t b[64];
  bn254::encode_g1(p, b);
  return {U256::from_be(b), U256::from_be(b + 32)};
}
Person person(uint8_t i, std::string socket) {
  Person p{U256(uint64_t{1000} + i), {account_of(i), std::move(socket), {}, {}}};
  p.detail.pk_g1 = words_of(bn254::to_affine_var(bn254::multiply_var(bn254::G1Affine::generator(), p.secret)));
  uint8_t b[128];
  bn254::encode_g2(bn254::to_affine_var(bn254::multiply_var(bn254::G2Affine::generator(), p.secret)), b);
  p.detail.pk_g2 = {{U256::from_be(b + 32), U256::from_be(b)}, {U256::from_be(b + 96), U256::from_be(b + 64)}};
  return p;
}
G1Words sign(const Person& p, const bn254::G1Affine& hash) {
  return words_of(bn254::to_affine_var(bn254::multiply_var(hash, p.secret)));
}

Input register_input(const SignerDetail& s, const G1Words& sig) {
  Input in(0x7ca4dd5e);
  in << U256(96) << sig.x << sig.y << s.signer << U256(256) << s.pk_g1.x << s.pk_g1.y << s.pk_g2.x[0] << s.pk_g2.x[1] << s.pk_g2.y[0]
     << s.pk_g2.y[1];
  in.text(s.socket);
  return in;
}
Input next_epoch_input(const Address& signer, const G1Words& sig, const U256& votes) {
  Input in(0x0f62bda5);
  in << signer << sig.x << sig.y << votes;
  return in;
}

bool ok(const StatefulResult& r) { return r.outcome == StatefulOutcome::success; }
bool reverted(const StatefulResult& r, uint64_t gas) { return r.outcome == StatefulOutcome::revert && r.gas_used == gas; }
bool failed(const StatefulResult& r, const char* why) {
  return r.outcome == StatefulOutcome::failure && std::string(r.error) == why;
}

void test_keys() {
  Address ones;
  std::memset(ones.b, 0x11, 20);
  CHECK(hex(epoch_number_key()) == "dbb8d0f4c497851a5043c6363657698cb1387682cac2f786c731f8936109d795");
  CHECK(hex(signer_key(ones)) == "7dc95ba3cb9e5e87824447501846b50797b2ea27f5fdee5fc351ef943975dd3f");
  CHECK(hex(quorum_key(1, 42)) == "e26d93f2acb8151395b7f036aa81f315fbffbf448442ebfe2090c00d453f81f3");
  CHECK(hex(quorum_count_key(7)) == "8ebd2aa612c5b7e3592c81bf787942bf89d55337ebe586caa66cc845ef714d23");
  CHECK(hex(epoch_block_key(100)) == "62c78d1c7f4d86950e09972a20a8d807325864c45ecac6a55d1798949394a6d2");
  const Hash32 length = length_slot(signer_key(ones));
  CHECK(hex(length) == "a435d719cf4eff4da9e9578867ec8c06c5fb27e09a29e27c6ded581e8cc41d8c");
  CHECK(hex(chunk_slots(length, 0, 1)[0]) == "4606ddf4be59d9f0ab0ef3338dac2dea3f860d772c5cb257f97e5d869e481941");
  CHECK(chunk_slots(length, 0, 9)[8] == chunk_slots(length, 8, 1)[0]);
  CHECK(supply_key(ones) == signer_key(ones));  // another account, the same prefix
  const std::set<std::string> all{hex(signer_key(ones)),         hex(quorum_key(1, 1)),      hex(registration_key(1, ones)),
                                  hex(votes_key(1, ones)),       hex(quorum_count_key(1)),   hex(epoch_block_key(1)),
                                  hex(registered_count_key(1)),  hex(epoch_number_key()),    hex(registered_signer_key(1, 1))};
  CHECK(all.size() == 9);
}

// Golden bytes: values asserted in the public unit tests of the reth fork (crates/precompile, da_signers and wa0gi_base).
void test_records() {
  SignerDetail s;
  s.signer.b[15] = 1;
  s.signer.b[19] = 1;
  s.socket = "0.0.0.0:1234";
  s.pk_g1 = {dec("19033251874843656108471242320417533909414939332036131356573128480367742634479"),
             dec("20792135454608030201903199625673964159744755218442260092768620403349374102584")};
  s.pk_g2 = {{dec("8472151341754925747860535367990505955708751825377817860727104273184244800723"),
              dec("15624790064206502667756020446826209080711344272800176518784649088946231692936")},
             {dec("1196137947243150610106053819405501111182787323156221967342356892090037828244"),
              dec("19488077321171448217727198730828487286865984357780136663388739985720647978898")}};
  const std::string golden =
      "84a65369676e6572c42a307830303030303030303030303030303030303030303030303030303030303030313030303030303031a6536f636b6574ac302e30"
      "2e302e303a31323334a4506b473182a158c44d313930333332353138373438343336353631303834373132343233323034313735333339303934313439333933"
      "3332303336313331333536353733313238343830333637373432363334343739a159c44d32303739323133353435343630383033303230313930333139393632"
      "35363733393634313539373434373535323138343432323630303932373638363230343033333439333734313032353834a4506b473282a15892c44c38343732"
      "3135313334313735343932353734373836303533353336373939303530353935353730383735313832353337373831373836303732373130343237333138343234"
      "34383030373233c44d3135363234373930303634323036353032363637373536303230343436383236323039303830373131333434323732383030313736353138"
      "373834363439303838393436323331363932393336a15992c44c3131393631333739343732343331353036313031303630353338313934303535303131313131"
      "38323738373332333135363232313936373334323335363839323039303033373832383234"
      "34c44d313934383830373733323131373134343832313737323731393837333038"
      "3238343837323836383635393834333537373830313336363633333838373339393835373230363437393738383938";
  const std::vector<uint8_t> encoded = encode_signer(s);
  CHECK(to_hex(as_bytes(encoded)) == golden);
  SignerDetail back;
  CHECK(decode_signer(as_bytes(encoded), back));
  CHECK(encode_signer(back) == encoded);
  for (size_t cut = 0; cut < encoded.size(); ++cut) CHECK(!decode_signer({encoded.data(), cut}, back));
  std::vector<uint8_t> longer = encoded;
  longer.push_back(0);
  CHECK(!decode_signer(as_bytes(longer), back));

  for (const size_t size : {0, 1, 31, 32, 96, 255, 256, 70000}) {  // every form of text
    s.socket.assign(size, 'x');
    CHECK(decode_signer(as_bytes(encode_signer(s)), back) && back.socket == s.socket);
  }
  CHECK(to_hex(as_bytes(encode_supply({dec("1000000000000000000"), dec("500000000000000000"), dec("500000000000000000")}))) ==
        "83a3436170c41331303030303030303030303030303030303030ad496e697469616c537570706c79c412353030303030303030303030303030303030a653757070"
        "6c79c412353030303030303030303030303030303030");
  CHECK(to_hex(as_bytes(encode_supply({}))) == "83a3436170c40130ad496e697469616c537570706c79c40130a6537570706c79c40130");
  MinterSupply supply;
  CHECK(decode_supply(as_bytes(encode_supply({U256::max(), U256(7), U256()})), supply));
  CHECK(supply.cap == U256::max() && supply.initial_supply == U256(7) && supply.supply.is_zero());
  for (const char* bad : {"83a3436170c4023031ad496e697469616c537570706c79c40130a6537570706c79c40130",   // leading zero
                          "83a3436170c400ad496e697469616c537570706c79c40130a6537570706c79c40130",       // no digits
                          "83a3436170c40161ad496e697469616c537570706c79c40130a6537570706c79c40130",     // no digit
                          "83a3436171c40130ad496e697469616c537570706c79c40130a6537570706c79c40130",     // another field
                          "82a3436170c40130ad496e697469616c537570706c79c40130", "80", "", "c0"})
    CHECK(!decode_supply(as_bytes(*from_hex(bad)), supply));

  std::vector<Address> rows(3, *reinterpret_cast<const Address*>(from_hex("9f3a7c2b8e1d4f6a0b7c9d2e3f5a1b0c4d6e7f8a")->data()));
  rows[1].b[19] = 0x8b;
  rows[2].b[19] = 0x8c;
  CHECK(to_hex(as_bytes(encode_quorum(rows))) ==
        "93c42a307839663361376332623865316434663661306237633964326533663561316230633464366537663861c42a3078396633613763326238653164346636"
        "61306237633964326533663561316230633464366537663862c42a307839663361376332623865316434663661306237633964326533663561316230633464"
        "366537663863");
  CHECK(to_hex(as_bytes(encode_quorum({}))) == "90");
  for (const size_t count : {0, 1, 15, 16, 3072, 65535, 65536}) {
    std::vector<Address> many(count), decoded;
    for (size_t i = 0; i < count; ++i) many[i] = account_of(static_cast<uint8_t>(i * 7));
    const std::vector<uint8_t> bytes = encode_quorum(many);
    CHECK(decode_quorum(as_bytes(bytes), decoded) && decoded == many);
    QuorumShape shape;
    CHECK(quorum_shape({bytes.data(), std::min<size_t>(5, bytes.size())}, bytes.size(), shape) && shape.rows == count);
    Address row;
    for (const size_t i : {size_t{0}, count / 2, count - 1})
      if (count > 0) CHECK(decode_quorum_row(bytes.data() + shape.row_at(i), row) && row == many[i]);
  }
}

// The points asserted in public unit tests of the network's signer code, and one that needs a second try.
void test_hash_to_curve() {
  const Address signer = *reinterpret_cast<const Address*>(from_hex("9685c4eb29309820cdc62663cc6cc82f3d42e964")->data());
  const G1Words registration = words_of(registration_point(signer, 8888));
  CHECK(registration.x == dec("17347288745752564851578145205408924577042674846071448492673629564958667746090"));
  CHECK(registration.y == dec("21456041422468658262738002909407073439935597271458862589356790821116767485654"));
  const G1Words epoch = words_of(epoch_point(signer, 1, 8888));
  CHECK(epoch.x == dec("13283083124528531674735853832182424672122091139683454761857829308708073730285"));
  CHECK(epoch.y == dec("21773064143788270772276852950775943855438706734263253481317981346601766662828"));
  const G1Words second = words_of(epoch_point(signer, 12, 16601));
  CHECK(second.x == dec("13142160676482066442261601152516177381007022552299762293549148882155481601896"));
  CHECK(second.y == dec("4256574325788131020919779909898357553372644508559452077900488212236531679419"));
}

// The plain reading of the rule, to compare with.
std::vector<std::vector<Address>> plain_quorums(const std::vector<RegisteredSigner>& signers, const QuorumRules& rules) {
  std::vector<std::pair<Hash32, Address>> ballots;
  for (const RegisteredSigner& s : signers) {
    Hash32 value = s.registration;
    for (uint64_t j = 0; j < std::min(s.votes, rules.votes_per_signer_max); ++j) {
      ballots.emplace_back(value, s.signer);
      value = keccak256::hash(as_bytes(value));
    }
  }
  std::stable_sort(ballots.begin(), ballots.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const size_t rows = rules.encoded_slices, n = ballots.size();
  std::vector<std::vector<Address>> quorums;
  auto take = [&](size_t from) {
    std::vector<Address> q;
    for (size_t i = 0; i < rows; ++i) q.push_back(ballots[(from + i) % n].second);
    quorums.push_back(q);
  };
  if (n >= rows) {
    for (size_t i = 0; i + rows <= n && quorums.size() < rules.quorums_max; i += rows) take(i);
    if (n % rows != 0 && quorums.size() < rules.quorums_max) take(n - rows);
  } else if (n > 0) {
    take(0);
  }
  return quorums;
}

void test_quorums() {
  QuorumRules rules{8, 3, 20};
  for (uint64_t total = 0; total <= 60; ++total) {
    std::vector<RegisteredSigner> signers;
    uint64_t left = total;
    for (uint8_t i = 0; i < 12; ++i) {
      const uint64_t votes = i == 11 ? left : std::min<uint64_t>(left, i * 7u % 11u);
      left -= votes;
      signers.push_back({account_of(i), keccak256::hash(Bytes{&i, 1}), votes});
    }
    const auto quorums = build_quorums(signers, rules);
    CHECK(quorums == plain_quorums(signers, rules));
    if (total == 0) CHECK(quorums.empty());
    if (total >= 1 && total <= 8) CHECK(quorums.size() == 1);   // B < S and B = S
    if (total == 9) CHECK(quorums.size() == 2);                 // B = S + 1: the tail overlaps
    if (total > 24) CHECK(quorums.size() == 3);                 // B > Q S
  }
  // Equal registrations tie by order; votes above the cap are cut.
  const Hash32 same = keccak256::hash(Bytes{nullptr, 0});
  // Version 2's first ballots are longer: equal beginnings are told apart by length, then by the rest.
  const Hash32 high{{0xff}}, low{{0x01}};
  const std::vector<RegisteredSigner> longer{{account_of(1), same, 1, high}, {account_of(2), same, 1, low}, {account_of(3), same, 1}};
  const std::vector<Address> order{account_of(3), account_of(2), account_of(1)};
  CHECK(build_quorums(longer, {3, 1, 20}) == std::vector<std::vector<Address>>{order});
  const std::vector<RegisteredSigner> twins{{account_of(9), same, 1000000}, {account_of(1), same, 21}};
  CHECK(build_quorums(twins, rules) == plain_quorums(twins, rules));
  CHECK(build_quorums(twins, rules)[0][0] == account_of(9));
  // The real sizes, with more ballots than can matter.
  std::vector<RegisteredSigner> many;
  for (uint8_t i = 0; i < 20; ++i) many.push_back({account_of(i), keccak256::hash(Bytes{&i, 1}), 2500 + 10u * i});
  CHECK(build_quorums(many, {}) == plain_quorums(many, {}));
}

void test_gas_and_frames() {
  MapHost host;
  const Address anyone = account_of(1);
  struct Row {
    Address to;
    uint32_t selector;
    uint64_t gas;
    bool writes;
  };
  const Row rows[] = {
      {kDaSigners, 0xcff0ab96, 1000, false},     {kDaSigners, 0xf4145a83, 1000, false},    {kDaSigners, 0x5ecba503, 1000, false},
      {kDaSigners, 0x7df73e27, 10000, false},    {kDaSigners, 0xd1f5e5f8, 100000, false},  {kDaSigners, 0x6ab6f654, 100000, false},
      {kDaSigners, 0xfa6fcba6, 10000, false},    {kDaSigners, 0x6c9e560c, 10000, false},   {kDaSigners, 0x50b73739, 1000000, false},
      {kDaSigners, 0x7ca4dd5e, 100000, true},    {kDaSigners, 0x0f62bda5, 100000, true},   {kDaSigners, 0x0cf4b767, 50000, true},
      {kDaSigners, 0x5a889f0c, 100000, true},    {kWrappedBase, 0xa9283a7a, 5000, false},  {kWrappedBase, 0x95609212, 10000, false},
      {kWrappedBase, 0x40c10f19, 100000, true},  {kWrappedBase, 0x9dc29fac, 100000, true}, {kWrappedBase, 0xdddba6c8, 100000, true},
  };
  const std::set<uint32_t> without_arguments{0xcff0ab96, 0xf4145a83, 0x5a889f0c, 0xa9283a7a};
  for (const Row& row : rows) {
    const std::vector<uint8_t> bare = Input(row.selector).bytes;
    CHECK(failed(host.call(row.to, bare, anyone, row.gas - 1), "out of gas"));
    if (row.writes) {
      CHECK(reverted(host.call(row.to, bare, anyone, row.gas, true), row.gas));
      CHECK(failed(host.call(row.to, bare, anyone, row.gas - 1, true), "out of gas"));
    }
    const StatefulResult exact = host.call(row.to, bare, anyone, row.gas);
    if (without_arguments.count(row.selector) != 0)
      CHECK(ok(exact) && exact.gas_used == row.gas);
    else
      CHECK(reverted(exact, row.gas));  // malformed, whoever calls
    CHECK(failed(host.call(row.to, {bare[0], bare[1], bare[2]}, anyone), "input shorter than a selector"));
  }
  for (const Address& to : {kDaSigners, kWrappedBase}) {
    const std::vector<uint8_t> unknown = Input(0x56a32372).bytes;
    CHECK(failed(host.call(to, unknown, anyone, 999999999), "out of gas"));
    CHECK(reverted(host.call(to, unknown, anyone, 1000000001), 1000000000));
    CHECK(failed(host.call(to, {}, anyone), "input shorter than a selector"));
  }

  // The code byte appears with the first call that may write, and with no other.
  MapHost fresh;
  CHECK(ok(fresh.call(kDaSigners, Input(0xcff0ab96).bytes, anyone, 1000, true)));
  CHECK(!fresh.has_code(kDaSigners));
  CHECK(ok(fresh.call(kDaSigners, Input(0xcff0ab96).bytes, anyone, 1000, false)));
  CHECK(fresh.state.codes[kDaSigners] == std::vector<uint8_t>{0x01});
  CHECK(!fresh.has_code(kWrappedBase));

  Rules plain;
  CHECK(!is_stateful(kDaSigners, plain));
  plain.zerog_precompiles = true;
  Address other = kDaSigners;
  other.b[19] = 1;
  CHECK(is_stateful(kDaSigners, plain) && is_stateful(kWrappedBase, plain) && !is_stateful(other, plain));

  const StatefulResult params = host.call(kDaSigners, Input(0xcff0ab96).bytes, anyone);
  const uint64_t expected[5] = {30, 102400, 10, 28800, 3072};
  CHECK(params.output.size() == 160);
  for (size_t i = 0; i < 5; ++i) CHECK(word(params, i) == U256(expected[i]));
}

void test_signers() {
  MapHost host;
  const Person alice = person(1, "1.2.3.4:5678"), bob = person(2, std::string(96, 'b'));
  const bn254::G1Affine point = registration_point(alice.detail.signer, 16601);
  const G1Words good = sign(alice, point);
  const Input in = register_input(alice.detail, good);
  const auto is_signer = [&](const Address& a) { return word(host.call(kDaSigners, (Input(0x7df73e27) << a).bytes, account_of(9)), 0); };

  CHECK(failed(host.call(kDaSigners, in.bytes, alice.detail.signer), "sender not registry"));
  CHECK(reverted(host.call(kDaSigners, in.bytes, kDaRegistry, 100000, true), 100000));
  Person tampered = alice;
  tampered.detail.pk_g1 = bob.detail.pk_g1;  // keys of different secrets
  CHECK(failed(host.call(kDaSigners, register_input(tampered.detail, good).bytes, kDaRegistry), "invalid signature"));
  tampered = alice;
  tampered.detail.pk_g2 = bob.detail.pk_g2;
  CHECK(failed(host.call(kDaSigners, register_input(tampered.detail, good).bytes, kDaRegistry), "invalid signature"));
  tampered.detail.pk_g2 = alice.detail.pk_g2;
  tampered.detail.pk_g2.x[0] += U256(1);  // off the curve
  CHECK(failed(host.call(kDaSigners, register_input(tampered.detail, good).bytes, kDaRegistry), "invalid signature"));
  CHECK(failed(host.call(kDaSigners, register_input(alice.detail, sign(bob, point)).bytes, kDaRegistry), "invalid signature"));
  const G1Words other_chain = sign(alice, registration_point(alice.detail.signer, 16602));
  CHECK(failed(host.call(kDaSigners, register_input(alice.detail, other_chain).bytes, kDaRegistry), "invalid signature"));
  Person talkative = alice;
  talkative.detail.socket.assign(97, 'x');
  CHECK(failed(host.call(kDaSigners, register_input(talkative.detail, good).bytes, kDaRegistry), "socket too long"));
  CHECK(is_signer(alice.detail.signer).is_zero() && host.state.logs.empty());

  const StatefulResult done = host.call(kDaSigners, in.bytes, kDaRegistry, 100000);
  CHECK(ok(done) && done.gas_used == 100000 && done.output.empty());
  CHECK(is_signer(alice.detail.signer) == U256(1));
  CHECK(host.state.logs.size() == 2);
  CHECK(hex(host.state.logs[0].topics[0]) == "679917c2006df1daaa987a56bf1d66e99764d5ad317892d9e83a6eb4e3f051e7");
  CHECK(hex(host.state.logs[1].topics[0]) == "09617a966176a40f8f1410768b118506db0096484acd5811064fcc12038798de");
  CHECK(host.state.logs[0].data.size() == 192 && U256::from_be(host.state.logs[0].data.data()) == alice.detail.pk_g1.x);
  CHECK(U256::from_be(host.state.logs[0].data.data() + 96) == alice.detail.pk_g2.x[1]);
  for (const Log& log : host.state.logs) {
    CHECK(log.address == kDaSigners && log.topics.size() == 2);
    CHECK(std::memcmp(log.topics[1].b + 12, alice.detail.signer.b, 20) == 0);
  }
  CHECK(host.state.logs[1].data == AbiWriter().number(U256(32)).bytes(as_bytes(alice.detail.socket)).take());
  CHECK(failed(host.call(kDaSigners, in.bytes, kDaRegistry), "signer exists"));
  CHECK(ok(host.call(kDaSigners, register_input(bob.detail, sign(bob, registration_point(bob.detail.signer, 16601))).bytes, kDaRegistry)));

  // getSigner, one, several and repeated; a stranger among them fails.
  Input query(0xd1f5e5f8);
  query << U256(32) << U256(3) << bob.detail.signer << alice.detail.signer << bob.detail.signer;
  const StatefulResult details = host.call(kDaSigners, query.bytes, account_of(9));
  CHECK(ok(details) && word(details, 0) == U256(32) && word(details, 1) == U256(3));
  AbiReader array({details.output.data() + 64, details.output.size() - 64});
  const Person* order[3] = {&bob, &alice, &bob};
  for (size_t i = 0; i < 3; ++i) {
    AbiReader tuple = array.tuple(i);
    CHECK(tuple.address(0) == order[i]->detail.signer);
    const Bytes socket = tuple.bytes(1);
    CHECK(std::string(reinterpret_cast<const char*>(socket.data), socket.size) == order[i]->detail.socket);
    CHECK(tuple.number(2) == order[i]->detail.pk_g1.x && tuple.number(7) == order[i]->detail.pk_g2.y[1] && tuple.ok());
  }
  Input strangers(0xd1f5e5f8);
  strangers << U256(32) << U256(2) << bob.detail.signer << account_of(77);
  CHECK(failed(host.call(kDaSigners, strangers.bytes, account_of(9)), "signer not found"));
  Input none(0xd1f5e5f8);
  none << U256(32) << U256(0);
  CHECK(host.call(kDaSigners, none.bytes, account_of(9)).output.size() == 64);

  // updateSocket: the signer itself, directly.
  auto socket_input = [](std::string_view text) {
    Input s(0x0cf4b767);
    s << U256(32);
    s.text(text);
    return s.bytes;
  };
  host.origin = alice.detail.signer;
  CHECK(failed(host.call(kDaSigners, socket_input("x"), bob.detail.signer), "sender not origin"));
  CHECK(failed(host.call(kDaSigners, socket_input(std::string(97, 'x')), alice.detail.signer), "socket too long"));
  CHECK(reverted(host.call(kDaSigners, socket_input("x"), alice.detail.signer, 50000, true), 50000));
  CHECK(ok(host.call(kDaSigners, socket_input("new:1"), alice.detail.signer, 50000)));
  CHECK(host.state.logs.size() == 5 && host.state.logs.back().topics[0] == host.state.logs[1].topics[0]);
  host.origin = account_of(50);
  CHECK(failed(host.call(kDaSigners, socket_input("x"), account_of(50)), "signer not found"));
  Input one(0xd1f5e5f8);
  one << U256(32) << U256(1) << alice.detail.signer;
  const StatefulResult updated = host.call(kDaSigners, one.bytes, account_of(9));
  AbiReader items({updated.output.data() + 64, updated.output.size() - 64});
  AbiReader tuple = items.tuple(0);
  CHECK(tuple.bytes(1).size == 5);  // shorter than before: what is left behind is not read

  // Coordinates count modulo p, as in both public forks.
  MapHost second;
  const U256 p{bn254::FqParams::kModulus[0], bn254::FqParams::kModulus[1], bn254::FqParams::kModulus[2], bn254::FqParams::kModulus[3]};
  const G1Words shifted{good.x + p, good.y + p};
  CHECK(ok(second.call(kDaSigners, register_input(alice.detail, shifted).bytes, kDaRegistry)));
}

void test_epochs() {
  MapHost host;
  const Address anyone = account_of(99);
  const std::vector<uint8_t> make = Input(0x5a889f0c).bytes;
  auto epoch = [&] { return word(host.call(kDaSigners, Input(0xf4145a83).bytes, anyone), 0); };
  auto count = [&](uint64_t e) { return word(host.call(kDaSigners, (Input(0x5ecba503) << U256(e)).bytes, anyone), 0); };
  std::vector<Person> people;
  for (uint8_t i = 1; i <= 3; ++i) {
    people.push_back(person(i, std::to_string(i)));
    const Person& p = people.back();
    CHECK(ok(host.call(kDaSigners, register_input(p.detail, sign(p, registration_point(p.detail.signer, 16601))).bytes, kDaRegistry)));
  }
  auto enter = [&](const Person& p, uint64_t e, uint64_t votes, const Address& caller = kDaRegistry) {
    return host.call(kDaSigners, next_epoch_input(p.detail.signer, sign(p, epoch_point(p.detail.signer, e, 16601)), U256(votes)).bytes, caller);
  };
  CHECK(epoch().is_zero());
  CHECK(failed(enter(people[0], 1, 5, people[0].detail.signer), "sender not registry"));
  CHECK(failed(enter(people[0], 2, 5), "invalid signature"));  // of the wrong epoch
  CHECK(failed(enter(person(40, ""), 1, 5), "signer not found"));
  // 3072 = 1000 + 1000 + 1072 ballots: exactly one quorum.
  CHECK(ok(enter(people[0], 1, 1000)) && ok(enter(people[1], 1, 1000)) && ok(enter(people[2], 1, 1072)));
  CHECK(ok(enter(people[0], 1, 5)));  // again: nothing changes
  auto registered = [&](const Person& p, uint64_t e) {
    return word(host.call(kDaSigners, (Input(0x6c9e560c) << p.detail.signer << U256(e)).bytes, anyone), 0);
  };
  CHECK(registered(people[0], 1) == U256(1) && registered(people[0], 0).is_zero() && registered(people[0], 2).is_zero());
  CHECK(reverted(host.call(kDaSigners, make, anyone, 100000, true), 100000));
  host.block = 7;
  CHECK(ok(host.call(kDaSigners, make, anyone, 100000)));
  CHECK(epoch() == U256(1) && count(1) == U256(1) && count(0).is_zero() && count(2).is_zero());
  host.block = 7 + 28800 - 1;
  CHECK(ok(host.call(kDaSigners, make, anyone)) && epoch() == U256(1));  // one block too early
  CHECK(failed(enter(people[0], 1, 1000), "invalid signature"));         // too late for epoch 1

  // What is stored is what the rule gives.
  std::vector<RegisteredSigner> signers;
  const uint64_t votes[3] = {1000, 1000, 1072};
  for (size_t i = 0; i < 3; ++i) {
    const G1Words sig = sign(people[i], epoch_point(people[i].detail.signer, 1, 16601));
    uint8_t text[64];
    sig.x.to_be(text);
    sig.y.to_be(text + 32);
    signers.push_back({people[i].detail.signer, keccak256::hash(Bytes{text, 64}), votes[i]});
  }
  const std::vector<Address> rows = plain_quorums(signers, {})[0];
  const StatefulResult quorum = host.call(kDaSigners, (Input(0x6ab6f654) << U256(1) << U256(0)).bytes, anyone);
  CHECK(ok(quorum) && quorum.output.size() == 64 + 32 * 3072 && word(quorum, 1) == U256(3072));
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(std::memcmp(quorum.output.data() + 64 + 32 * i + 12, rows[i].b, 20) == 0);
    if (i % 511 == 0 || i == 3071) {
      const uint64_t reads = host.reads;
      const StatefulResult row = host.call(kDaSigners, (Input(0xfa6fcba6) << U256(1) << U256(0) << U256(i)).bytes, anyone);
      CHECK(ok(row) && std::memcmp(row.output.data() + 12, rows[i].b, 20) == 0);
      CHECK(host.reads - reads < 10);  // one row is read, not the quorum
    }
  }
  CHECK(failed(host.call(kDaSigners, (Input(0x6ab6f654) << U256(1) << U256(1)).bytes, anyone), "quorum id out of bound"));
  CHECK(failed(host.call(kDaSigners, (Input(0x6ab6f654) << U256(2) << U256(0)).bytes, anyone), "epoch out of bound"));
  CHECK(failed(host.call(kDaSigners, (Input(0xfa6fcba6) << U256(1) << U256(0) << U256(3072)).bytes, anyone), "row id out of bound"));
  CHECK(reverted(host.call(kDaSigners, (Input(0xfa6fcba6) << U256(1) << U256(0) << (U256(1) << 32)).bytes, anyone), 10000));
  CHECK(reverted(host.call(kDaSigners, (Input(0x6ab6f654) << (U256(1) << 64) << U256(0)).bytes, anyone), 100000));

  // The aggregate: bits decide once a signer, later rows count by themselves.
  auto aggregate = [&](const std::vector<uint8_t>& bitmap) {
    Input in(0x50b73739);
    in << U256(1) << U256(0) << U256(96);
    in.text({reinterpret_cast<const char*>(bitmap.data()), bitmap.size()});
    return host.call(kDaSigners, in.bytes, anyone);
  };
  CHECK(failed(aggregate(std::vector<uint8_t>(383)), "quorum bitmap length mismatch"));
  CHECK(failed(aggregate(std::vector<uint8_t>(385)), "quorum bitmap length mismatch"));
  const StatefulResult nobody = aggregate(std::vector<uint8_t>(384));
  CHECK(ok(nobody) && word(nobody, 0).is_zero() && word(nobody, 1).is_zero() && word(nobody, 2) == U256(3072) && word(nobody, 3).is_zero());
  const StatefulResult everybody = aggregate(std::vector<uint8_t>(384, 0xff));
  const G1Words sum = words_of(bn254::to_affine_var(bn254::multiply_var(bn254::G1Affine::generator(), U256(1001 + 1002 + 1003))));
  CHECK(word(everybody, 0) == sum.x && word(everybody, 1) == sum.y && word(everybody, 3) == U256(3072));
  for (const size_t row : {size_t{0}, size_t{9}, size_t{1500}, size_t{3071}}) {
    std::vector<uint8_t> bitmap(384);
    bitmap[row / 8] = static_cast<uint8_t>(1 << (row % 8));
    uint64_t hits = 0;
    for (size_t i = row; i < rows.size(); ++i) hits += rows[i] == rows[row] ? 1 : 0;
    const StatefulResult one = aggregate(bitmap);
    CHECK(word(one, 3) == U256(hits));
    for (const Person& p : people)
      if (p.detail.signer == rows[row]) CHECK(word(one, 0) == p.detail.pk_g1.x && word(one, 1) == p.detail.pk_g1.y);
  }

  // The next epochs: fewer ballots than rows, one more than rows, and nobody.
  CHECK(ok(enter(people[1], 2, 5)));
  host.block = 7 + 28800;
  CHECK(ok(host.call(kDaSigners, make, anyone)) && epoch() == U256(2) && count(2) == U256(1));
  CHECK(ok(enter(people[0], 3, 3072)) && ok(enter(people[2], 3, 1)));
  host.block += 28800;
  CHECK(ok(host.call(kDaSigners, make, anyone)) && epoch() == U256(3) && count(3) == U256(2));
  CHECK(ok(enter(people[0], 4, 0)));
  host.block += 40000;
  CHECK(ok(host.call(kDaSigners, make, anyone)) && epoch() == U256(4) && count(4).is_zero());
  // Old quorums stay readable.
  CHECK(ok(host.call(kDaSigners, (Input(0xfa6fcba6) << U256(3) << U256(1) << U256(3071)).bytes, anyone)));
}

// Version 2: signers register themselves, weigh what they have when the chain begins an epoch, and nobody else can begin one.
void test_older_rules() {
  MapHost host;
  host.rules.da_signers_version = 2;
  host.rules.da_epoch_blocks = 40;
  const Address anyone = account_of(99);
  const U256 token = U256(1'000'000'000'000'000'000u);
  auto view = [&](uint32_t selector, const U256& argument) { return host.call(kDaSigners, (Input(selector) << argument).bytes, anyone); };
  auto epoch = [&] { return word(host.call(kDaSigners, Input(0xf4145a83).bytes, anyone), 0); };
  const StatefulResult params = host.call(kDaSigners, Input(0xcff0ab96).bytes, anyone);
  const uint64_t expected[5] = {10, 1024, 10, 40, 3072};
  for (size_t i = 0; i < 5; ++i) CHECK(word(params, i) == U256(expected[i]));

  std::vector<Person> people;
  for (uint8_t i = 1; i <= 3; ++i) people.push_back(person(i, std::to_string(i)));
  auto enroll = [&](const Person& p, const Address& caller, const Address& origin) {
    host.origin = origin;
    return host.call(kDaSigners, register_input(p.detail, sign(p, registration_point(p.detail.signer, 16601))).bytes, caller);
  };
  CHECK(failed(enroll(people[0], kDaRegistry, people[0].detail.signer), "sender not origin"));
  CHECK(failed(enroll(people[0], people[1].detail.signer, people[1].detail.signer), "sender not signer"));
  for (const Person& p : people) CHECK(ok(enroll(p, p.detail.signer, p.detail.signer)));
  CHECK(failed(enroll(people[0], people[0].detail.signer, people[0].detail.signer), "signer exists"));
  CHECK(host.state.logs.size() == 6);

  auto enter = [&](const Person& p, uint64_t e, const Address& caller) {
    const G1Words signature = sign(p, epoch_point(p.detail.signer, e, 16601));
    Input in(0x56a32372);
    in << signature.x << signature.y;
    return host.call(kDaSigners, in.bytes, caller);
  };
  auto enter_self = [&](const Person& p, uint64_t e) {
    host.origin = p.detail.signer;
    return enter(p, e, p.detail.signer);
  };
  CHECK(failed(enter_self(people[0], 1), "insufficient bonded"));
  host.state.balances[people[0].detail.signer] = U256(15000) * token;  // more than 1,024 votes
  host.state.balances[people[1].detail.signer] = U256(20) * token;     // two
  host.state.balances[people[2].detail.signer] = U256(19) * token;     // one
  CHECK(failed(enter(people[0], 1, kDaRegistry), "sender not origin"));
  CHECK(failed(enter_self(people[0], 2), "invalid signature"));
  CHECK(failed(host.call(kDaSigners, next_epoch_input(people[0].detail.signer, {}, U256(9)).bytes, people[0].detail.signer), "out of gas"));
  for (const Person& p : people) CHECK(ok(enter_self(p, 1)));
  {  // again, also in other words for the same point, changes nothing
    const MapHost::State before = host.state;
    CHECK(ok(enter_self(people[0], 1)));
    const G1Words signature = sign(people[0], epoch_point(people[0].detail.signer, 1, 16601));
    Input in(0x56a32372);
    in << signature.x + dec("21888242871839275222246405745257275088696311157297823662689037894645226208583") << signature.y;
    CHECK(ok(host.call(kDaSigners, in.bytes, people[0].detail.signer)));
    CHECK(host.state.slots == before.slots);
  }
  host.state.balances[people[1].detail.signer] = U256(70) * token;  // counted when the epoch begins: seven

  const std::vector<uint8_t> begin(kBeginEpochInput, kBeginEpochInput + 4);
  CHECK(!begins_epoch(0, host.rules) && !begins_epoch(39, host.rules) && begins_epoch(40, host.rules) && begins_epoch(80, host.rules));
  Rules newer = host.rules;
  newer.da_signers_version = 3;
  CHECK(!begins_epoch(40, newer));
  newer = host.rules;
  newer.zerog_precompiles = false;
  CHECK(!begins_epoch(40, newer));
  host.block = 40;
  host.origin = people[0].detail.signer;
  for (const Address& caller : {anyone, people[0].detail.signer, kDaRegistry}) CHECK(failed(host.call(kDaSigners, begin, caller), "unknown method"));
  host.block = 39;
  CHECK(failed(host.call(kDaSigners, begin, kSystem), "unknown method"));
  CHECK(epoch().is_zero() && word(view(0x5ecba503, U256(0)), 0).is_zero() && failed(view(0x5ecba503, U256(1)), "epoch out of bound"));
  host.block = 40;
  CHECK(ok(host.call(kDaSigners, begin, kSystem)) && epoch() == U256(1) && word(view(0x5ecba503, U256(1)), 0) == U256(1));

  // The ballots by hand: 1024 + 7 + 1, the first of each the 64 bytes of the signature.
  std::vector<std::pair<std::vector<uint8_t>, Address>> ballots;
  const uint64_t votes[3] = {1024, 7, 1};
  for (size_t i = 0; i < 3; ++i) {
    const G1Words signature = sign(people[i], epoch_point(people[i].detail.signer, 1, 16601));
    std::vector<uint8_t> value(64);
    signature.x.to_be(value.data());
    signature.y.to_be(value.data() + 32);
    for (uint64_t j = 0; j < votes[i]; ++j) {
      ballots.emplace_back(value, people[i].detail.signer);
      const Hash32 next = keccak256::hash(as_bytes(value));
      value.assign(next.b, next.b + 32);
    }
  }
  std::sort(ballots.begin(), ballots.end());
  const StatefulResult quorum = host.call(kDaSigners, (Input(0x6ab6f654) << U256(1) << U256(0)).bytes, anyone);
  CHECK(word(quorum, 1) == U256(3072));
  for (size_t row = 0; row < 3072; ++row) {
    Hash32 owner{};
    std::memcpy(owner.b + 12, ballots[row % ballots.size()].second.b, 20);
    CHECK(word(quorum, 2 + row) == U256::from_be(owner.b));
  }
  // An epoch for which nobody registered has no quorums; the old ones stay.
  host.block = 80;
  CHECK(ok(host.call(kDaSigners, begin, kSystem)) && epoch() == U256(2) && word(view(0x5ecba503, U256(2)), 0).is_zero());
  CHECK(ok(host.call(kDaSigners, (Input(0xfa6fcba6) << U256(1) << U256(0) << U256(3071)).bytes, anyone)));
}

void test_wrapped_base() {
  MapHost host;
  const Address minter = account_of(3), anyone = account_of(4);
  auto mint = [&](uint32_t selector, const U256& amount, const Address& caller) {
    return host.call(kWrappedBase, (Input(selector) << minter << amount).bytes, caller);
  };
  auto cap = [&](const U256& limit, const U256& initial, const Address& caller) {
    return host.call(kWrappedBase, (Input(0xdddba6c8) << minter << limit << initial).bytes, caller);
  };
  auto supply_is = [&](const U256& limit, const U256& initial, const U256& supply) {
    const StatefulResult r = host.call(kWrappedBase, (Input(0x95609212) << minter).bytes, anyone);
    return ok(r) && r.output.size() == 96 && word(r, 0) == limit && word(r, 1) == initial && word(r, 2) == supply;
  };
  constexpr uint32_t kMint = 0x40c10f19, kBurn = 0x9dc29fac;
  const StatefulResult token = host.call(kWrappedBase, Input(0xa9283a7a).bytes, anyone);
  CHECK(token.output.size() == 32 && std::memcmp(token.output.data() + 12, kWrappedToken.b, 20) == 0);
  CHECK(supply_is(U256(), U256(), U256()));
  CHECK(failed(mint(kMint, U256(1), kWrappedToken), "insufficient mint cap"));
  CHECK(failed(mint(kMint, U256(1), anyone), "sender is not WA0GI"));
  CHECK(failed(mint(kBurn, U256(1), anyone), "sender is not WA0GI"));
  CHECK(failed(cap(U256(1), U256(), kWrappedToken), "sender is not agency"));
  CHECK(ok(cap(U256(100), U256(10), kAgency)) && supply_is(U256(100), U256(10), U256(10)));
  CHECK(ok(mint(kMint, U256(90), kWrappedToken)) && host.balance(kWrappedToken) == U256(90) && supply_is(U256(100), U256(10), U256(100)));
  CHECK(failed(mint(kMint, U256(1), kWrappedToken), "insufficient mint cap"));
  CHECK(failed(mint(kMint, U256::max(), kWrappedToken), "insufficient mint cap"));
  CHECK(ok(mint(kMint, U256(0), kWrappedToken)));
  CHECK(failed(mint(kBurn, U256(101), kWrappedToken), "insufficient mint supply"));
  CHECK(failed(mint(kBurn, U256(91), kWrappedToken), "WA0GI balance insufficient"));
  CHECK(ok(mint(kBurn, U256(40), kWrappedToken)) && host.balance(kWrappedToken) == U256(50) && supply_is(U256(100), U256(10), U256(60)));
  CHECK(ok(cap(U256(50), U256(5), kAgency)) && supply_is(U256(50), U256(5), U256(55)));
  CHECK(ok(cap(U256(50), U256(0), kAgency)) && supply_is(U256(50), U256(), U256(50)));
  CHECK(ok(mint(kBurn, U256(48), kWrappedToken)) && ok(cap(U256(9), U256(100), kAgency)) && supply_is(U256(9), U256(100), U256(102)));
  CHECK(ok(cap(U256(9), U256(1), kAgency)) && supply_is(U256(9), U256(1), U256(3)));
  CHECK(ok(mint(kBurn, U256(2), kWrappedToken)) && ok(cap(U256(9), U256(200), kAgency)) && ok(cap(U256(9), U256(), kAgency)));
  CHECK(supply_is(U256(9), U256(), U256()));  // 1 + 199 - 200, not below zero
  CHECK(ok(cap(U256::max(), U256(7), kAgency)) && ok(cap(U256::max(), U256::max(), kAgency)));
  CHECK(supply_is(U256::max(), U256::max(), U256::max()));
  host.set_balance(kWrappedToken, U256::max());
  CHECK(ok(cap(U256::max(), U256(), kAgency)));
  CHECK(failed(mint(kMint, U256(1), kWrappedToken), "WA0GI balance overflow"));
  Hash32 dirty{};
  dirty.b[3] = 1;
  CHECK(reverted(host.call(kWrappedBase, (Input(kMint) << U256::from_be(dirty.b) << U256(1)).bytes, kWrappedToken), 100000));
  CHECK(host.state.logs.empty());
}

void test_abi_is_strict() {
  const Address anyone = account_of(1);
  MapHost host;
  const Person p = person(1, "socket");
  const Input good = register_input(p.detail, sign(p, registration_point(p.detail.signer, 16601)));
  for (size_t cut = 4; cut < good.bytes.size() - 26; ++cut)  // only the padding of the text may be missing
    CHECK(reverted(host.call(kDaSigners, {good.bytes.begin(), good.bytes.begin() + static_cast<ptrdiff_t>(cut)}, kDaRegistry, 100000), 100000));
  for (const size_t offset_word : {size_t{0}, size_t{4}, size_t{11}})  // offset of the tuple, of the text, length of the text
    for (const U256& bad : {U256::max(), U256(1) << 64, U256(100000)}) {
      std::vector<uint8_t> bytes = good.bytes;
      bad.to_be(bytes.data() + 4 + 32 * offset_word);
      CHECK(reverted(host.call(kDaSigners, bytes, kDaRegistry), 100000));
    }
  for (const U256& bad : {U256::max(), U256(1) << 59, U256(3)}) {  // a list longer than the data
    Input list(0xd1f5e5f8);
    list << U256(32) << bad << anyone << anyone;
    CHECK(reverted(host.call(kDaSigners, list.bytes, anyone), 100000));
  }
  std::vector<uint8_t> more = good.bytes;
  more.insert(more.end(), 77, 0xee);
  CHECK(ok(host.call(kDaSigners, more, kDaRegistry)));
}

}  // namespace

int main() {
  test_keys();
  test_records();
  test_hash_to_curve();
  test_quorums();
  test_gas_and_frames();
  test_signers();
  test_epochs();
  test_older_rules();
  test_wrapped_base();
  test_abi_is_strict();
  return check_report();
}
