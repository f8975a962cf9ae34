// class Engine: the pool, and the short way of JSON-RPC that feeds it.
#include "chain.hpp"
#include "evm/block/render.hpp"
#include "evm/block/rpc.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::Engine;
using Release = pyb::gil_scoped_release;

namespace {

// Transactions by sender and nonce, as txpool_content and txpool_inspect show them.
std::string pool_content_json(const std::vector<txpool::PoolEntry>& entries, const std::string& kind, bool one_sender) {
  evm::JsonWriter out;
  out.begin_object();
  for (const bool executable : {true, false}) {
    out.key(executable ? "pending" : "queued");
    out.begin_object();
    const Address* sender = nullptr;
    for (const txpool::PoolEntry& entry : entries) {
      if (entry.executable != executable) continue;
      const evm::Transaction& tx = entry.item->tx;
      if (!one_sender && (!sender || *sender != tx.sender)) {
        if (sender) out.end_object();
        out.key("0x" + to_hex(as_bytes(tx.sender)));
        out.begin_object();
        sender = &tx.sender;
      }
      out.key(std::to_string(tx.nonce));
      if (kind == "content") {
        write_transaction(out, tx, nullptr);
      } else {
        const std::string target = tx.to ? "0x" + to_hex(as_bytes(*tx.to)) : "contract creation";
        out.text(target + ": " + to_decimal(tx.value) + " wei + " + std::to_string(tx.gas_limit) + " gas × " + to_decimal(tx.max_fee) + " wei");
      }
    }
    if (sender) out.end_object();
    out.end_object();
  }
  out.end_object();
  return out.take();
}

void notify_listener(Engine& engine) {
  const pyb::object listener = pyb::cast(engine).attr("__dict__").attr("get")("_listener");
  if (!listener.is_none()) listener();
}

pyb::list add_transactions(Engine& engine, const pyb::list& raws, bool local) {
  const ReadViews inputs(raws, "raws");
  std::vector<txpool::Admission> answers;
  {
    const Release release;
    answers = engine.pool().add(inputs.views().data(), inputs.views().size(), local);
  }
  pyb::list out(answers.size());
  bool admitted = false;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].error.empty()) out[i] = from_fixed(answers[i].hash), admitted = true;
    else out[i] = pyb::str(answers[i].error);
  }
  if (admitted) notify_listener(engine);
  return out;
}

pyb::object rpc_batch(Engine& engine, const pyb::object& body, size_t batch_max) {
  const ReadView view(body, "body");
  std::optional<evm::RpcBatch> answer;
  {
    const Release release;
    answer = evm::rpc_batch(engine, view.bytes(), batch_max);
  }
  if (!answer) return pyb::none();
  pyb::list admitted(answer->admitted.size()), hashes(answer->hashes.size());
  for (size_t i = 0; i < answer->admitted.size(); ++i) {
    admitted[i] = to_bytes(as_bytes(answer->admitted[i]));
    hashes[i] = from_fixed(answer->hashes[i]);
  }
  if (!answer->admitted.empty()) notify_listener(engine);
  return pyb::make_tuple(from_string(answer->response), admitted, hashes, answer->calls, answer->refused);
}

pyb::list decode_transactions(const pyb::iterable& raws) {
  const ReadViews inputs(raws, "raws");
  std::vector<txpool::Decoded> decoded;
  {
    const Release release;
    decoded = txpool::decode_many(inputs.views().data(), inputs.views().size());
  }
  pyb::list out;
  for (const txpool::Decoded& item : decoded) {
    if (item.ok()) out.append(pyb::make_tuple(from_fixed(item.transaction.hash), from_fixed(item.transaction.sender)));
    else out.append(pyb::str(item.error));
  }
  return out;
}

}  // namespace

void bind_chain_pool(pyb::module_& m, EngineClass& c) {
  c.def("add_transactions", &add_transactions, pyb::arg("raws"), pyb::arg("local") = true,
        R"(Offer transactions to the pool, in order.

Returns:
    One entry an input: its hash (bytes) when admitted, else geth's error text (str).

Cost: one batch decode and recovery on all cores, lock released.)");
  c.def("pool_status", [](Engine& e) { return e.pool().status(); }, "(pending, queued): executable transactions, and those behind a gap or short of balance.");
  c.def("pool_content",
        [](Engine& e, const std::string& kind, const pyb::object& sender) {
          if (kind != "content" && kind != "inspect") raise(Status::bad_argument, "kind: expected content or inspect, found " + kind);
          std::optional<Address> only;
          if (!sender.is_none()) only = to_fixed<20>(sender, "sender");
          std::string json;
          {
            const Release release;
            json = pool_content_json(e.pool().content(only ? &*only : nullptr), kind, only.has_value());
          }
          return from_string(json);
        },
        pyb::arg("kind") = "content", pyb::arg("sender") = pyb::none(),
        R"(JSON of txpool_content (kind "content") or txpool_inspect ("inspect"); with `sender`, of txpool_contentFrom.)");
  c.def("pool_transaction",
        [](Engine& e, const pyb::object& hash) -> pyb::object {
          const txpool::PooledPtr item = e.pool().find(to_fixed<32>(hash, "hash"));
          if (!item) return pyb::none();
          evm::JsonWriter out;
          write_transaction(out, item->tx, nullptr);
          return from_string(out.view());
        },
        pyb::arg("hash"), "JSON of a waiting transaction, or None.");
  c.def("pool_raw_transaction",
        [](Engine& e, const pyb::object& hash) -> pyb::object {
          const txpool::PooledPtr item = e.pool().find(to_fixed<32>(hash, "hash"));
          if (!item) return pyb::none();
          return to_bytes(as_bytes(item->raw));
        },
        pyb::arg("hash"), "Wire bytes of a waiting transaction, or None.");
  c.def("pool_nonce",
        [](Engine& e, const pyb::object& address) {
          const Address sender = to_fixed<20>(address, "address");
          if (const auto next = e.pool().next_nonce(sender)) return *next;
          state::Account account;
          view_at(e, std::nullopt).state->account(sender, account);
          return account.nonce;
        },
        pyb::arg("address"), "The next nonce of an account, its executable waiting transactions counted.");
  c.def("pool_raw",
        [](Engine& e, size_t limit) {
          pyb::list out;
          for (const txpool::PoolEntry& entry : e.pool().content()) {
            if (out.size() >= limit) break;
            out.append(to_bytes(as_bytes(entry.item->raw)));
          }
          return out;
        },
        pyb::arg("limit"), "Wire bytes of waiting transactions, by sender and nonce, at most `limit`.");
  c.def("set_pool_listener", [](pyb::object self, pyb::object listener) { self.attr("__dict__")["_listener"] = std::move(listener); },
        pyb::arg("listener"), "Call listener() after each add_transactions that admitted something, on its thread; None stops it.");
  c.def("rpc_batch", &rpc_batch, pyb::arg("body"), pyb::arg("batch_max") = 10000,
        R"(The short way of JSON-RPC: answer a whole HTTP body in one call, with the lock released.

Only when every call of it is eth_chainId, net_version, eth_blockNumber, eth_getBalance, eth_getTransactionCount, eth_getCode or
eth_getStorageAt at the head (latest, safe, finalized, pending), or eth_sendRawTransaction, each in plain form with an id.

Returns:
    None: take the long way; nothing has happened. Else (response, admitted raw transactions, their hashes, number of calls,
    number refused); what was admitted must be durable before the response goes out.)");
  m.def("decode_transactions", &decode_transactions, pyb::arg("raws"), R"(Decode transactions strictly and recover their senders in one batch.

Args:
    raws: wire bytes, one buffer a transaction.

Returns:
    One entry an input, in order: (hash, sender), or the text of what is wrong with it.

Cost: one signature recovery a transaction on all cores; lock released.)");
}

}  // namespace zg::py
