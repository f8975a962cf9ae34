// The engine under threads: one writer that builds and commits, several that add transactions and read, all at once; then
// the invariants. Run it under the thread and address sanitizers.
#include <atomic>
#include <thread>

#include "check.hpp"
#include "evm/block/calls.hpp"
#include "evm/block/engine.hpp"
#include "evm/block/render.hpp"

namespace {

using namespace zg;

// Signatures need no secret key: for any r, s and digest recovery names some sender. So transactions are made by choosing
// r and s, and the senders that come out are funded in genesis.
evm::Transaction unsigned_transfer(uint64_t seed, uint64_t nonce) {
  evm::Transaction tx;
  tx.chain_id = 16601;
  tx.type = evm::TxType::dynamic_fee;
  tx.nonce = nonce;
  tx.max_fee = U256(50'000'000'000);
  tx.max_priority_fee = U256(seed % 7 * 1'000'000);
  tx.gas_limit = 21000;
  tx.to = Address{};
  tx.to->b[0] = 0x11;
  tx.value = U256(seed + 1);
  tx.r = U256(seed * 7919 + 3);
  tx.s = U256(seed * 104729 + 5);
  tx.v = seed & 1;
  return tx;
}

struct Made {
  std::vector<std::vector<uint8_t>> raws;
  std::vector<Address> senders;
};

Made make_transactions(size_t count) {
  Made out;
  for (uint64_t seed = 1; out.raws.size() < count; ++seed) {
    evm::Transaction tx = unsigned_transfer(seed, 0);
    evm::Transaction* const one[] = {&tx};
    uint8_t ok = 0;
    txpool::recover_senders(one, 1, &ok);
    if (!ok) continue;  // no point of the curve has this r
    out.senders.push_back(tx.sender);
    out.raws.push_back(txpool::encode_transaction(tx));
  }
  return out;
}

evm::Genesis genesis_for(const std::vector<Address>& senders) {
  evm::Genesis genesis;
  genesis.timestamp = 1000;
  genesis.gas_limit = 30'000'000;
  const U256 balance = U256(1'000'000'000) * U256(1'000'000'000);
  for (const Address& sender : senders) genesis.accounts.push_back({sender, balance, 0, {}, {}});
  return genesis;
}

void everything_at_once() {
  constexpr size_t kCount = 600, kAdders = 2;
  const Made made = make_transactions(kCount);
  evm::EngineOptions options;
  options.history_blocks = 8;
  evm::Engine engine(evm::ChainConfig{}, options);
  CHECK(engine.init_genesis(genesis_for(made.senders)).ok());
  CHECK(!engine.commit());

  std::atomic<bool> done{false};
  std::atomic<size_t> admitted{0}, reads{0}, failed_calls{0};
  size_t mined = 0;
  std::vector<std::thread> threads;
  for (size_t part = 0; part < kAdders; ++part) {
    threads.emplace_back([&, part] {
      for (size_t from = part; from < kCount; from += kAdders * 20) {
        std::vector<Bytes> batch;
        for (size_t i = from; i < kCount && batch.size() < 20; i += kAdders) batch.push_back(as_bytes(made.raws[i]));
        for (const txpool::Admission& answer : engine.pool().add(batch.data(), batch.size(), true))
          if (answer.error.empty()) ++admitted;
      }
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!done) {
        const evm::View view = engine.view(std::nullopt);
        state::Account account;
        U256 sum;
        for (const Address& sender : made.senders) {
          view.state->account(sender, account);
          sum += account.balance;
        }
        evm::CallContext context;
        context.view = view;
        evm::CallRequest request;
        request.to = made.senders[0];
        if (!evm::call(context, request).success) ++failed_calls;
        engine.pool().status();
        engine.pool().content(&made.senders[1]);
        reads += sum.is_zero() ? 0 : 1;
      }
    });
  }
  uint64_t timestamp = 1000;
  for (int idle = 0; idle < 50 && mined < kCount;) {
    evm::BuildRequest request;
    request.timestamp = timestamp;
    request.transactions_max = 50;
    Outcome<evm::Sealed> sealed = engine.build(request);
    CHECK(sealed.ok());
    if (sealed->transaction_hashes.empty()) {
      engine.discard();
      ++idle;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      continue;
    }
    mined += sealed->transaction_hashes.size();
    CHECK(!engine.commit());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(admitted == kCount);
  CHECK(mined == kCount);
  CHECK(reads > 0);
  CHECK(failed_calls == 0);
  CHECK(engine.pool().status() == (std::pair<size_t, size_t>{0, 0}));
  state::Account account;
  Address sink{};
  sink.b[0] = 0x11;
  CHECK(engine.view(std::nullopt).state->account(sink, account));
}

void a_block_crosses_over() {
  const Made made = make_transactions(40);
  std::vector<Bytes> raws;
  for (const auto& raw : made.raws) raws.push_back(as_bytes(raw));
  evm::Engine first(evm::ChainConfig{}, {}), second(evm::ChainConfig{}, {});
  for (evm::Engine* engine : {&first, &second}) {
    CHECK(engine->init_genesis(genesis_for(made.senders)).ok());
    CHECK(!engine->commit());
  }
  evm::BuildRequest request;
  request.timestamp = 1001;
  Outcome<evm::Sealed> built = first.build_with(raws, request);
  CHECK(built.ok() && built->dropped.empty() && built->transaction_hashes.size() == 40);
  Outcome<evm::RecordView> view = evm::RecordView::open(as_bytes(built->record));
  CHECK(view.ok() && evm::check_record(as_bytes(built->record)));
  Outcome<evm::Sealed> imported = second.import_block(as_bytes(view->block_rlp()));
  CHECK(imported.ok() && imported->hash == built->hash && imported->record == built->record && imported->diff == built->diff);
  CHECK(evm::block_json(*view, true).size() > 1000);
  std::vector<uint8_t> spoiled = view->block_rlp();
  spoiled[spoiled.size() / 2] ^= 1;
  second.discard();
  CHECK(!second.import_block(as_bytes(spoiled)).ok());
}

}  // namespace

int main() {
  a_block_crosses_over();
  everything_at_once();
  return check_report();
}
