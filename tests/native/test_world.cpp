#include <atomic>
#include <thread>

#include "check.hpp"
#include "common/parallel.hpp"
#include "model_world.hpp"
#include "state/accounts/world.hpp"
#include "state/diff/api.hpp"

using namespace zg;
using state::Account;
using state::AccountChange;
using state::Changes;
using state::SlotChange;

namespace {

struct Random {
  uint64_t state;
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
  }
  size_t below(size_t bound) { return next() % bound; }
  bool one_in(size_t n) { return below(n) == 0; }
};

Address address_of(size_t index) {
  const Hash32 hash = keccak256::hash({reinterpret_cast<const uint8_t*>(&index), sizeof index});
  return fixed_from<20>(hash.b);
}

U256 random_value(Random& random) { return U256(random.next(), random.next(), random.next(), random.next()) >> static_cast<unsigned>(random.below(256)); }

Hash32 block_hash(uint64_t number) {
  Hash32 hash{};
  store_le64(hash.b, number + 1);
  return hash;
}

// Changes to a model, with deletions, re-creations, cleared and overwritten storage, and entries that change nothing.
Changes random_changes(Random& random, const model::World& world, size_t addresses, size_t count) {
  std::map<Address, AccountChange> chosen;
  Changes out;
  for (size_t i = 0; i < count; ++i) {
    AccountChange change;
    change.address = address_of(random.below(addresses));
    const auto it = world.find(change.address);
    change.existed = it != world.end();
    if (change.existed) change.before = it->second.account;
    change.exists = !random.one_in(6);
    if (change.exists) {
      change.after = change.before;
      if (!random.one_in(4)) change.after.nonce += 1;
      if (random.one_in(2)) change.after.balance = random_value(random);
      if (random.one_in(8)) {
        auto code = std::make_shared<state::Code>(random.below(60) + 1, static_cast<uint8_t>(random.next()));
        change.after.code_hash = keccak256::hash(as_bytes(*code));
        out.codes.push_back({change.after.code_hash, code});
      }
      change.storage_cleared = random.one_in(8);
    } else {
      change.storage_cleared = true;
    }
    std::map<U256, U256> slots;
    if (change.exists)
      for (size_t s = random.below(random.one_in(5) ? 60 : 4); s > 0; --s)
        slots[U256(random.below(40))] = random.one_in(3) ? U256() : random_value(random);
    for (const auto& [slot, after] : slots) {
      U256 before;
      if (change.existed && it->second.slots.count(slot) != 0) before = it->second.slots.at(slot);
      if (before != after) change.slots.push_back({slot, before, after});
    }
    chosen[change.address] = std::move(change);
  }
  for (auto& [address, change] : chosen) out.accounts.push_back(std::move(change));
  return out;
}

void check_reader(const state::Reader& reader, const model::World& world, Random& random, size_t addresses) {
  for (int i = 0; i < 6; ++i) {
    const Address address = address_of(random.below(addresses));
    const auto it = world.find(address);
    Account account;
    CHECK(reader.account(address, account) == (it != world.end()));
    if (it == world.end()) {
      CHECK(!reader.has_storage(address));
      CHECK(reader.storage(address, U256(1)).is_zero());
      continue;
    }
    CHECK(account == it->second.account);
    CHECK(reader.has_storage(address) == !it->second.slots.empty());
    CHECK(reader.code(account.code_hash) != nullptr);
    for (uint64_t slot = 0; slot < 40; slot += 1 + random.below(9)) {
      const auto value = it->second.slots.find(U256(slot));
      CHECK(reader.storage(address, U256(slot)) == (value == it->second.slots.end() ? U256() : value->second));
    }
  }
}

void check_proof(const state::World& world, const model::World& plain, uint64_t number, Random& random, size_t addresses) {
  const Address address = address_of(random.below(addresses));
  const std::vector<U256> slots = {U256(random.below(40)), U256(random.below(40)), U256(1000)};
  const auto proof = world.prove(address, slots, number);
  CHECK(proof.ok());
  if (!proof.ok()) {
    std::printf("  %s\n", proof.failure().message.c_str());
    return;
  }
  const auto views = [](const std::vector<std::vector<uint8_t>>& nodes) {
    std::vector<Bytes> out;
    for (const auto& node : nodes) out.push_back(as_bytes(node));
    return out;
  };
  const auto it = plain.find(address);
  CHECK(proof->exists == (it != plain.end()));
  const Hash32 root = model::state_root(plain);
  std::vector<Bytes> nodes = views(proof->nodes);
  const Hash32 key = keccak256::hash(as_bytes(address));
  Bytes value{};
  const auto proved = state::verify_proof(root, as_bytes(key), nodes.data(), nodes.size(), value);
  CHECK(proved == (it != plain.end() ? state::Proved::present : state::Proved::absent));
  CHECK(proof->storage_root == (it != plain.end() ? model::storage_root(it->second) : state::kEmptyTrieRoot));
  for (const state::StorageProof& slot : proof->storage) {
    U256 expected;
    if (it != plain.end() && it->second.slots.count(slot.slot) != 0) expected = it->second.slots.at(slot.slot);
    CHECK(slot.value == expected);
    nodes = views(slot.nodes);
    const Hash32 slot_key = keccak256::hash(as_bytes(slot.slot.to_hash()));
    const auto slot_proved = state::verify_proof(proof->storage_root, as_bytes(slot_key), nodes.data(), nodes.size(), value);
    CHECK(slot_proved == (expected.is_zero() ? state::Proved::absent : state::Proved::present));
  }
}

model::World exported(const state::World& world, uint64_t number, size_t limit) {
  model::World out;
  auto rows = world.export_at(number);
  CHECK(rows != nullptr);
  Address last{};
  for (auto chunk = rows->next(limit); !chunk.empty(); chunk = rows->next(limit)) {
    CHECK(chunk.size() <= limit);
    for (const state::FlatRow& row : chunk) {
      CHECK(!(row.address < last));
      last = row.address;
      if (row.is_slot) {
        CHECK(out[row.address].slots.empty() || out[row.address].slots.rbegin()->first < row.slot);
        out[row.address].slots[row.slot] = row.value;
      } else {
        CHECK(out.count(row.address) == 0);
        out[row.address].account = row.account;
      }
    }
  }
  return out;
}

void follows_the_model(uint64_t seed, size_t blocks, size_t addresses, size_t per_block, size_t proof_bytes) {
  Random random{seed};
  constexpr size_t kHistory = 12;
  state::World world;
  world.set_history_blocks(kHistory);
  world.set_proof_memory(proof_bytes);
  std::map<uint64_t, model::World> heights;
  model::World plain;
  const uint64_t first = random.below(2) * 300;
  std::map<uint64_t, std::shared_ptr<const state::Reader>> held;
  for (uint64_t number = first; number < first + blocks; ++number) {
    // Now and then a block that is thrown away first.
    if (random.one_in(3) && number != first) {
      const Hash32 root = world.root();
      const Changes thrown = random_changes(random, plain, addresses, per_block);
      world.stage(thrown);
      check_reader(world, plain, random, addresses);
      world.discard();
      CHECK(world.root() == root);
    }
    const Changes changes = random_changes(random, plain, addresses, random.one_in(5) ? 1 : per_block);
    const model::World before = plain;
    model::apply(plain, changes);
    const Hash32 root = world.stage(changes);
    CHECK(root == model::state_root(plain));
    // What is staged is exact: it leads there, and its inverse leads back.
    const Changes complete = world.staged();
    model::World there = before;
    model::apply(there, complete);
    CHECK(there == plain);
    const auto decoded = state::decode_diff(as_bytes(state::encode_diff(complete)));
    CHECK(decoded.ok());
    CHECK(state::encode_diff(*decoded) == state::encode_diff(complete));
    model::apply(there, state::inverse(*decoded));
    CHECK(there == before);
    CHECK(world.at(number) == nullptr);
    world.commit(number, block_hash(number));
    CHECK(world.head() == number && world.root() == root && world.head_hash() == block_hash(number));
    heights[number] = plain;
    if (random.one_in(6)) held[number] = world.at(number);

    check_reader(world, plain, random, addresses);
    const uint64_t oldest = world.oldest();
    if (held.empty()) CHECK(oldest == (number - first > kHistory ? number - kHistory : first));
    CHECK(oldest == first || world.at(oldest - 1) == nullptr);
    CHECK(world.at(number + 1) == nullptr);
    for (uint64_t h = oldest; h <= number; ++h) {
      const auto reader = world.at(h);
      CHECK(reader != nullptr);
      check_reader(*reader, heights[h], random, addresses);
      CHECK(reader->block_hash(h) == block_hash(h));
      CHECK(reader->block_hash(h + 1) == Hash32{});
    }
    for (const auto& [h, reader] : held) check_reader(*reader, heights[h], random, addresses);
    if (held.size() > 2) held.erase(held.begin());
    check_proof(world, plain, number, random, addresses);
    const uint64_t past = oldest + random.below(number - oldest + 1);
    check_proof(world, heights[past], past, random, addresses);
    if (random.one_in(8)) CHECK(exported(world, past, 1 + random.below(50)) == heights[past]);
  }
  CHECK(exported(world, world.head(), 7) == plain);

  // The same state, loaded at once.
  state::World loaded;
  for (const auto& [address, entry] : plain) {
    for (const auto& [slot, value] : entry.slots) loaded.load_slot(address, slot, value);
    loaded.load_account(address, entry.account);
    loaded.load_code(world.code(entry.account.code_hash));
  }
  const auto root = loaded.build(world.head(), world.head_hash());
  CHECK(root.ok() && *root == world.root());
  check_reader(loaded, plain, random, addresses);
  check_proof(loaded, plain, loaded.head(), random, addresses);
  const Changes changes = random_changes(random, plain, addresses, per_block);
  model::apply(plain, changes);
  CHECK(loaded.stage(changes) == model::state_root(plain));
  loaded.commit(loaded.head() + 1, {});
  check_reader(loaded, plain, random, addresses);
  // Everything goes.
  Changes end;
  for (const auto& [address, entry] : plain) {
    AccountChange change;
    change.address = address;
    change.existed = true;
    end.accounts.push_back(change);
  }
  CHECK(loaded.stage(end) == state::kEmptyTrieRoot);
  loaded.commit(loaded.head() + 1, {});
  CHECK(loaded.memory().account_count == 0 && loaded.memory().slot_count == 0);
}

void refuses() {
  state::World world;
  world.load_slot(address_of(1), U256(1), U256(2));
  CHECK(!world.build(0, {}).ok());
  state::World empty;
  CHECK(empty.at(0) == nullptr && empty.export_at(0) == nullptr);
  CHECK(!empty.prove(address_of(1), {}, 0).ok());
  Changes none;
  CHECK(empty.stage(none) == state::kEmptyTrieRoot);
  empty.commit(0, block_hash(0));
  const auto proof = empty.prove(address_of(1), {U256(1)}, 0);
  CHECK(proof.ok() && !proof->exists && proof->nodes.empty() && proof->storage[0].nodes.empty());
  bool thrown = false;
  try {
    empty.commit(1, {});
  } catch (const std::logic_error&) {
    thrown = true;
  }
  CHECK(thrown);
  for (uint64_t number = 1; number <= 300; ++number) {
    empty.stage(none);
    empty.commit(number, block_hash(number));
  }
  CHECK(empty.block_hash(300) == block_hash(300) && empty.block_hash(45) == block_hash(45) && empty.block_hash(44) == Hash32{});
  const auto reader = empty.at(100);
  CHECK(reader->block_hash(100) == block_hash(100) && reader->block_hash(1) == block_hash(1) && reader->block_hash(101) == Hash32{});
}

// Readers of every kept height beside a committing writer: the sum of all balances is the same at each height.
void reads_beside_the_writer() {
  constexpr size_t kAccounts = 64, kBlocks = 400;
  constexpr uint64_t kTotal = kAccounts * 1000;
  state::World world;
  world.set_history_blocks(8);
  world.set_proof_memory(4096);
  std::vector<uint64_t> balances(kAccounts, 1000);
  std::map<Address, size_t> by_address;
  for (size_t i = 0; i < kAccounts; ++i) by_address[address_of(i)] = i;
  Changes genesis;
  for (const auto& [address, i] : by_address) {
    AccountChange change;
    change.address = address;
    change.exists = true;
    change.after.balance = U256(1000);
    change.slots.push_back({U256(5), U256(), U256(1000)});
    genesis.accounts.push_back(change);
  }
  world.stage(genesis);
  world.commit(0, block_hash(0));
  std::atomic<bool> stop{false};
  std::atomic<size_t> wrong{0}, sums{0}, proofs{0};
  std::vector<std::thread> readers;
  for (unsigned t = 0; t < 3; ++t)
    readers.emplace_back([&, t] {
      Random random{t + 1};
      while (!stop) {
        const uint64_t head = world.head();
        const auto reader = world.at(head - std::min<uint64_t>(head, random.below(8)));
        if (reader == nullptr) continue;
        uint64_t total = 0;
        for (const auto& [address, i] : by_address) {
          Account account;
          if (!reader->account(address, account)) continue;
          total += account.balance.w[0];
          if (reader->storage(address, U256(5)) != account.balance) ++wrong;
        }
        if (total != kTotal) ++wrong;
        ++sums;
        if (t == 0) {
          const auto proof = world.prove(address_of(random.below(kAccounts)), {U256(5)}, world.head() - std::min<uint64_t>(head, random.below(6)));
          if (proof.ok()) {
            ++proofs;
            if (proof->exists && proof->storage[0].value != proof->account.balance) ++wrong;
            if (proof->exists) {
              const Hash32 key = keccak256::hash(as_bytes(proof->storage[0].slot.to_hash()));
              std::vector<Bytes> nodes;
              for (const auto& node : proof->storage[0].nodes) nodes.push_back(as_bytes(node));
              Bytes value{};
              if (state::verify_proof(proof->storage_root, as_bytes(key), nodes.data(), nodes.size(), value) != state::Proved::present) ++wrong;
            }
          }
        }
        if (random.one_in(50)) {
          uint64_t exported_total = 0;
          auto rows = reader != nullptr ? world.export_at(world.head()) : nullptr;
          if (rows == nullptr) continue;
          for (auto chunk = rows->next(16); !chunk.empty(); chunk = rows->next(16))
            for (const state::FlatRow& row : chunk)
              if (!row.is_slot) exported_total += row.account.balance.w[0];
          if (exported_total != kTotal) ++wrong;
        }
      }
    });
  Random random{99};
  for (uint64_t number = 1; number <= kBlocks || sums < 50; ++number) {
    std::map<size_t, uint64_t> touched;
    for (int i = 0; i < 20; ++i) {
      const size_t from = random.below(kAccounts), to = random.below(kAccounts);
      // Whole balances move, so accounts come and go.
      const uint64_t amount = random.one_in(2) ? balances[from] : random.below(balances[from] + 1);
      balances[from] -= amount;
      balances[to] += amount;
      touched[from] = touched[to] = 0;
    }
    Changes changes;
    for (const auto& [address, i] : by_address) {
      if (touched.count(i) == 0) continue;
      AccountChange change;
      change.address = address;
      change.exists = balances[i] != 0;
      change.after.balance = U256(balances[i]);
      if (change.exists) change.slots.push_back({U256(5), U256(), U256(balances[i])});
      changes.accounts.push_back(change);
    }
    world.stage(changes);
    if (random.one_in(10)) {
      world.discard();
      world.stage(changes);
    }
    world.commit(number, block_hash(number));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(sums != 0 && proofs != 0);
}

}  // namespace

int main() {
  refuses();
  for (const unsigned threads : {1u, 3u}) {
    set_thread_count(threads);
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      follows_the_model(seed, 40, 30, 6, 1 << 20);
      follows_the_model(seed * 7919, 30, 200, 60, 20000);
      follows_the_model(seed * 104729, 30, 12, 5, 0);
    }
  }
  reads_beside_the_writer();
  return check_report();
}
