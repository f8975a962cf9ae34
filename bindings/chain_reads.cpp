// class Engine: accounts, code, slots and proofs.
#include "chain.hpp"
#include "evm/block/json.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::Engine;
using Release = pyb::gil_scoped_release;

namespace {

pyb::bytes prove(const Engine& engine, const pyb::object& address, const pyb::iterable& slots, std::optional<uint64_t> number) {
  const Address account = to_fixed<20>(address, "address");
  std::vector<U256> keys;
  for (const pyb::handle& slot : slots) keys.push_back(to_u256(slot, "slot"));
  const evm::View view = view_at(engine, number);
  Outcome<state::AccountProof> proof = [&] {
    const Release release;
    return engine.prove(account, keys, view.head->header.number);
  }();
  if (!proof.ok()) raise_named(proof.failure().status == Status::out_of_capacity ? "NotFound" : "InternalError", proof.failure().message);
  evm::JsonWriter out;
  const auto nodes = [&](const char* key, const std::vector<std::vector<uint8_t>>& list) {
    out.key(key);
    out.begin_array();
    for (const auto& node : list) out.data(as_bytes(node));
    out.end_array();
  };
  out.begin_object();
  out.data("address", account);
  nodes("accountProof", proof->nodes);
  out.quantity("balance", proof->account.balance);
  out.data("codeHash", proof->account.code_hash);
  out.quantity("nonce", proof->account.nonce);
  out.data("storageHash", proof->storage_root);
  out.key("storageProof");
  out.begin_array();
  for (const state::StorageProof& item : proof->storage) {
    out.begin_object();
    out.quantity("key", item.slot);
    out.quantity("value", item.value);
    nodes("proof", item.nodes);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return from_string(out.view());
}

}  // namespace

void bind_chain_reads(EngineClass& c) {
  c.def("account",
        [](const Engine& e, const pyb::object& address, std::optional<uint64_t> number) {
          const Address key = to_fixed<20>(address, "address");
          const evm::View view = view_at(e, number);
          state::Account account;
          {
            const Release release;
            view.state->account(key, account);
          }
          return pyb::make_tuple(account.nonce, from_u256(account.balance), from_fixed(account.code_hash));
        },
        pyb::arg("address"), pyb::arg("number") = pyb::none(),
        "(nonce, balance, code hash) after a block, the head by default; zeros and the empty code's hash for an absent account.");
  c.def("code",
        [](const Engine& e, const pyb::object& address, std::optional<uint64_t> number) {
          const Address key = to_fixed<20>(address, "address");
          const evm::View view = view_at(e, number);
          state::CodePtr code;
          {
            const Release release;
            state::Account account;
            if (view.state->account(key, account)) code = view.state->code(account.code_hash);
          }
          return code ? to_bytes(as_bytes(*code)) : pyb::bytes();
        },
        pyb::arg("address"), pyb::arg("number") = pyb::none(), "The code of an account; empty when it has none.");
  c.def("storage",
        [](const Engine& e, const pyb::object& address, const pyb::object& slot, std::optional<uint64_t> number) {
          const Address key = to_fixed<20>(address, "address");
          const U256 at = to_u256(slot, "slot");
          const evm::View view = view_at(e, number);
          U256 value;
          {
            const Release release;
            value = view.state->storage(key, at);
          }
          return from_u256(value);
        },
        pyb::arg("address"), pyb::arg("slot"), pyb::arg("number") = pyb::none(), "The value of a storage slot.");
  c.def("proof", &prove, pyb::arg("address"), pyb::arg("slots"), pyb::arg("number") = pyb::none(), "JSON of eth_getProof. NotFound when the height is not kept.");
}

}  // namespace zg::py
