// The chain's engine: one state, one pool, one head; blocks are built or imported, staged, and committed when the caller
// has made them durable (chain.md §13).
//
// Thread-safe. Blocks have one writer at a time: from build/import to commit/discard one block is staged and readers still
// see the old head. Reads at kept heights, calls and pool work run beside it.
#pragma once

#include <functional>
#include <map>
#include <shared_mutex>

#include "evm/block/execute.hpp"
#include "state/accounts/world.hpp"
#include "state/diff/api.hpp"
#include "txpool/pool.hpp"

namespace zg::evm {

struct EngineOptions {
  size_t history_blocks = 256;
  txpool::PoolLimits pool;
};

struct GenesisAccount {
  Address address{};
  U256 balance;
  uint64_t nonce = 0;
  std::vector<uint8_t> code;
  std::vector<std::pair<U256, U256>> storage;
};

struct Genesis {
  uint64_t timestamp = 0, gas_limit = 30'000'000, blob_gas_used = 0, excess_blob_gas = 0;
  U256 base_fee = U256(1'000'000'000), difficulty;
  std::vector<uint8_t> extra_data;
  Address coinbase{};
  Hash32 prev_randao{};
  uint8_t nonce[8] = {};
  std::vector<GenesisAccount> accounts;
};

struct BuildRequest {
  uint64_t timestamp = 0;
  Address coinbase{};
  Hash32 prev_randao{}, parent_beacon_root{};
  std::optional<uint64_t> gas_limit;  // wanted; the header moves towards it by less than 1/1024. None: the parent's
  std::vector<uint8_t> extra_data;
  ConsensusInputs inputs;  // no bridge part given where there must be one: no messages
  size_t transactions_max = 0;  // 0: no bound but gas
  uint64_t millis_max = 0;      // 0: no bound on execution time
};

// A block that is staged: all that the caller must store before commit().
struct Sealed {
  Header header;
  Hash32 hash{};
  std::vector<uint8_t> record, diff;
  std::vector<Hash32> transaction_hashes;
  std::vector<Dropped> dropped;
  std::vector<std::string> failed_calls;  // sentences: system calls that failed and so did nothing
};

struct Head {
  Header header;
  Hash32 hash{};
};

// Heights older than the kept ones: asked for flat rows ("accounts", address; "slots", address ‖ slot; "codes", hash), for
// any value when the account had storage ("has_storage", address) and for header RLP ("headers", ""). Nothing: absent, or for
// a header: unknown.
using ExternalRead = std::function<std::optional<std::vector<uint8_t>>(const char* kind, Bytes key, uint64_t number)>;

// A state to read together with the header that goes with it.
struct View {
  std::shared_ptr<const state::Reader> state;
  std::shared_ptr<const Head> head;
};

class Engine {
 public:
  Engine(ChainConfig config, EngineOptions options);

  const ChainConfig& config() const { return config_; }
  txpool::Pool& pool() { return pool_; }

  // ---- life ----
  // The first block, staged like any other. bad_argument when the engine has a head or the genesis does not stand.
  Outcome<Sealed> init_genesis(const Genesis& genesis);
  // Restart: rows of the flat families, then one record to which they belong, then later blocks one by one.
  std::optional<Failure> load_rows(state::Family family, const std::vector<std::pair<Bytes, Bytes>>& rows);
  // `recent_hashes`: of the blocks before that record's, ascending, its parent last.
  std::optional<Failure> load_finish(Bytes record, const std::vector<Hash32>& recent_hashes);
  std::optional<Failure> replay(Bytes record, Bytes diff);

  // ---- blocks ----
  Outcome<Sealed> build(const BuildRequest& request);
  // Transactions given: wire forms, executed in order. Those that cannot be included are dropped and named.
  Outcome<Sealed> build_with(const std::vector<Bytes>& raws, const BuildRequest& request);
  Outcome<Sealed> import_block(Bytes block_rlp);
  std::optional<Failure> commit();
  void discard();

  // ---- reads ----
  // Null before genesis.
  std::shared_ptr<const Head> head() const;
  // The state after block `number` (none: the head) and its header; no state when the height is not kept.
  View view(std::optional<uint64_t> number) const;
  Outcome<state::AccountProof> prove(const Address& address, const std::vector<U256>& slots, uint64_t number) const;
  void set_external_read(ExternalRead read);
  state::MemoryReport memory() const { return world_.memory(); }
  std::unique_ptr<state::FlatExport> export_at(uint64_t number) const { return world_.export_at(number); }

 private:
  struct Staged {
    std::shared_ptr<const Head> head;
    std::vector<Hash32> unpayable;
  };

  ConsensusInputs inputs_of(const BuildRequest& request) const;
  Outcome<Header> next_header(const BuildRequest& request) const;
  // Executes and stages. `expected`: the header must come out equal to it.
  Outcome<Sealed> seal(Header header, const std::vector<Candidate>& candidates, const ConsensusInputs& inputs,
                       OnInvalid on_invalid, const Header* expected, uint64_t millis_max);
  Outcome<Sealed> finish(Header header, Execution& execution, const ConsensusInputs& inputs);
  void set_head(std::shared_ptr<const Head> head);
  txpool::PoolContext pool_context(const Header& head) const;

  const ChainConfig config_;
  const EngineOptions options_;
  std::mutex writer_;  // building, importing, committing
  state::World world_;
  std::optional<Staged> staged_;
  txpool::Pool pool_;
  mutable std::shared_mutex head_mutex_;  // head_, recent_, external_
  std::shared_ptr<const Head> head_;
  std::map<uint64_t, std::shared_ptr<const Head>> recent_;  // headers of the kept heights
  ExternalRead external_;
};

}  // namespace zg::evm
