// The state of the chain in memory: flat accounts and slots, their tries, and enough of the past to answer for recent
// heights.
//
// One writer drives it: stage → commit or discard. Reading through World itself is for that writer's thread; every other
// thread reads through at(), which is consistent beside a committing writer.
#pragma once

#include <memory>
#include <vector>

#include "common/status.hpp"
#include "state/reader.hpp"

namespace zg::state {

struct StorageProof {
  U256 slot, value;
  std::vector<std::vector<uint8_t>> nodes;  // root first; proves absence when the value is zero
};

struct AccountProof {
  Address address{};
  bool exists = false;
  Account account;                          // empty account when it does not exist
  Hash32 storage_root = kEmptyTrieRoot;
  std::vector<std::vector<uint8_t>> nodes;  // root first; proves absence when the account does not exist
  std::vector<StorageProof> storage;        // one for each slot asked, in the order asked
};

struct MemoryReport {
  size_t accounts_bytes = 0, slots_bytes = 0, trie_bytes = 0, history_bytes = 0, codes_bytes = 0;
  size_t account_count = 0, slot_count = 0, code_count = 0;
};

// One row of the flat state: an account (slot empty) or one of its slots.
struct FlatRow {
  Address address{};
  bool is_slot = false;
  Account account;
  U256 slot, value;
};

// Walks the flat state of one height: accounts in ascending order of address, each followed by its slots in ascending order.
// Keeps that height alive while it exists.
class FlatExport {
 public:
  virtual ~FlatExport() = default;
  // At most `limit` rows (limit > 0); empty when all have been given.
  virtual std::vector<FlatRow> next(size_t limit) = 0;
};

class World final : public Reader {
 public:
  World();
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Bulk loading, in any order, before build(). A slot belongs to an account that is loaded before or after it; a zero value
  // is ignored.
  void load_account(const Address& address, const Account& account);
  void load_slot(const Address& address, const U256& slot, const U256& value);
  void load_code(CodePtr code);
  // Makes all tries, in parallel batches, and returns the root. `number` is the height that the loaded state belongs to.
  // bad_argument when slots were loaded for an account that was not.
  Outcome<Hash32> build(uint64_t number, const Hash32& block_hash);

  // Moves the tries to the state after `changes` and returns its root. Readers still see the old state. The old values in
  // `changes` are replaced by those the world holds, cleared storage becomes explicit: see staged(). Nothing may be staged.
  Hash32 stage(const Changes& changes);
  // What is staged, complete: every changed slot by name with its true old value, so storage_cleared is never set. Encode
  // diffs from this. Valid until commit or discard.
  const Changes& staged() const;
  // Makes the staged changes visible as the state after block `number`, which is head() + 1 (any number for the very first
  // block when nothing was loaded). Old values go into the history.
  void commit(uint64_t number, const Hash32& block_hash);
  void discard();

  // Refills the hashes of recent blocks after a restart.
  void set_block_hash(uint64_t number, const Hash32& hash);
  // How many blocks back at() and prove() reach; 256 at first. Takes effect at the next commit.
  void set_history_blocks(size_t count);
  // How many bytes of trie nodes that only older heights need are kept for prove(); 256 MiB at first. Heights beyond it are
  // proved by leading the tries back, which costs time.
  void set_proof_memory(size_t size_bytes);

  // The state after block `number`; null when it is not kept. Every read takes a shared lock for itself. The height stays
  // readable for as long as the reader lives, and so does the memory of all later changes: let go of it soon.
  // block_hash() answers for the last 256 blocks up to and including `number`: what a call on top of that block sees.
  std::shared_ptr<const Reader> at(uint64_t number) const;
  // eth_getProof. out_of_capacity when `number` is not kept or too much changed since.
  Outcome<AccountProof> prove(const Address& address, const std::vector<U256>& slots, uint64_t number) const;
  // Null when the height is not kept.
  std::unique_ptr<FlatExport> export_at(uint64_t number) const;

  uint64_t head() const;
  Hash32 head_hash() const;
  Hash32 root() const;  // of the head
  // Oldest height that at() answers.
  uint64_t oldest() const;
  MemoryReport memory() const;

  // Reader: the state at the head, for the writer's thread.
  bool account(const Address& address, Account& out) const override;
  // For look-ups to come at the head: `index` first, some while later `entry`, some while later account().
  void prefetch_index(const Address& address) const;
  void prefetch_entry(const Address& address) const;
  U256 storage(const Address& address, const U256& slot) const override;
  bool has_storage(const Address& address) const override;
  CodePtr code(const Hash32& code_hash) const override;
  Hash32 block_hash(uint64_t number) const override;

 private:
  struct Body;
  class PastReader;
  class Export;
  class Prover;
  std::shared_ptr<Body> body_;  // readers of the past share it
};

}  // namespace zg::state
