// The transaction pool: who waits, in which order, and what a block takes from it (chain.md §1.2, §10.5).
//
// Every sender has a queue by nonce. Its executable part is the run of consecutive nonces from the state's nonce whose
// cumulative worst-case cost the balance covers ("pending"); the rest waits ("queued"). Same inputs in the same order give
// the same pool and the same selection: ties go to the earlier arrival.
//
// Thread-safe: one mutex; signatures are recovered outside it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "evm/types.hpp"
#include "state/reader.hpp"
#include "txpool/decode.hpp"

namespace zg::txpool {

struct PoolLimits {
  size_t per_sender = 64;       // transactions of one sender, pending and queued
  size_t total = 10000;         // transactions in all
  size_t bytes = 256u << 20;    // wire bytes in all
  U256 tip_min;                 // lowest priority fee that is admitted
  unsigned bump_percent = 10;   // a replacement must raise tip and cap by this much …
  unsigned blob_bump_percent = 100;  // … or by this much when it carries blobs
};

// What the next block will look like, as far as admission and selection care.
struct PoolContext {
  evm::Rules rules;
  uint64_t gas_limit = 0;
  U256 base_fee, blob_base_fee = U256(1);
  uint64_t blobs_max = 6;
};

// One waiting transaction. Immutable and shared: a block being built keeps what it took alive.
struct Pooled {
  evm::Transaction tx;
  std::vector<uint8_t> raw;
  U256 cost_max;         // gas limit × fee cap + value + blob gas × blob cap
  uint64_t arrival = 0;  // ascending over the pool's life
  bool local = false;
};
using PooledPtr = std::shared_ptr<const Pooled>;

struct Admission {
  Hash32 hash{};
  std::string error;  // empty when admitted; else geth's text
};

struct PoolEntry {
  PooledPtr item;
  bool executable = false;
};

class Pool {
 public:
  explicit Pool(PoolLimits limits) : limits_(limits) {}

  // Sets the state that admission is judged against: at start and after genesis. Re-checks everything.
  void reset(std::shared_ptr<const state::Reader> head, const PoolContext& context);

  // A block became the head: queues of the accounts it changed are re-checked, `drop` leaves in any case.
  void apply_block(const state::Changes& changes, const std::vector<Hash32>& drop, std::shared_ptr<const state::Reader> head,
                   const PoolContext& context);

  // Decodes, recovers and admits a batch in order. One entry an input.
  // Cost: decoding and one signature recovery an input on all cores; then a few hundred nanoseconds each under the lock.
  std::vector<Admission> add(const Bytes* raws, size_t count, bool local);

  // Chooses for a block without executing: best effective tip first among the senders' next transactions, as long as the
  // sum of gas limits stays within the block's and each sender's cumulative worst-case cost at this base fee within its
  // balance. A sender whose next transaction does not fit is out of this block.
  std::vector<PooledPtr> select(uint64_t gas_limit, const U256& base_fee, size_t count_max) const;

  // Counts of executable and waiting transactions.
  std::pair<size_t, size_t> status() const;
  size_t bytes() const;

  // The executable count changes and admissions bump this; a waiter compares.
  uint64_t admitted_total() const;

  // Null when unknown.
  PooledPtr find(const Hash32& hash) const;

  // The nonce after the sender's executable transactions; nothing when it has none waiting.
  std::optional<uint64_t> next_nonce(const Address& sender) const;

  // All entries, by sender address, then nonce. With `only`, that sender's.
  std::vector<PoolEntry> content(const Address* only = nullptr) const;

 private:
  struct Queue {
    uint64_t nonce = 0;  // of the state
    U256 balance;        // of the state
    bool delegated = false;
    U256 cost_sum;
    std::vector<PooledPtr> items;  // ascending nonce
    size_t executable = 0;
  };
  using Queues = std::unordered_map<Address, Queue, FixedHash>;

  // Order of eviction, least worthy first.
  struct Worth {
    bool executable = false;
    U256 tip, cap;
    uint64_t arrival = 0;
    bool operator<(const Worth& other) const;
  };
  struct Victim {
    Worth worth;
    std::weak_ptr<const Pooled> item;
    bool operator<(const Victim& other) const { return other.worth < worth; }  // priority_queue: least worthy on top
  };

  std::string admit(Decoded& decoded, Bytes raw, bool local);
  std::string check_state(const Queue& queue, const Pooled& item, const PooledPtr& replaced) const;
  std::string check_delegation(const Queue& queue, const Pooled& item, bool replaces) const;
  bool make_room(const Pooled& item, bool executable);
  Worth worth_of(const Pooled& item, bool executable) const;
  Queue load_queue(const Address& sender) const;
  void recount(Queue& queue);
  void recheck(Queues::iterator queue);
  void forget(const Pooled& item);
  void remove(Queues::iterator queue, size_t index);
  void raise_victims();
  PooledPtr find_locked(const Hash32& hash) const;

  const PoolLimits limits_;
  mutable std::mutex mutex_;
  std::shared_ptr<const state::Reader> head_;
  PoolContext context_;
  Queues queues_;
  std::unordered_map<Hash32, PooledPtr, FixedHash> by_hash_;
  std::unordered_map<Address, size_t, FixedHash> authorities_;  // how many waiting type-4 transactions name it
  std::priority_queue<Victim> victims_;  // kept only while the pool is full; entries may be stale and are checked on use
  bool full_ = false;
  size_t executable_ = 0, bytes_ = 0;
  uint64_t arrivals_ = 0;
};

// The checks that need no state, in geth's order and words; empty when all pass.
std::string check_stateless(const evm::Transaction& tx, const PoolContext& context, const U256& tip_min);

// min(tip, cap - base fee); zero when the cap is below the base fee.
U256 effective_tip(const evm::Transaction& tx, const U256& base_fee);

}  // namespace zg::txpool
