// Between Python and the chain engine: conversions shared by the bind_chain files.
#pragma once

#include <pybind11/stl.h>

#include <string>

#include "buffers.hpp"
#include "evm/block/calls.hpp"
#include "evm/block/engine.hpp"

namespace zg::py {

using EngineClass = pybind11::class_<evm::Engine, std::shared_ptr<evm::Engine>>;

// Raises zerog.errors.<name>.
[[noreturn]] void raise_named(const char* name, const std::string& message);
// For our own stored bytes: what does not decode is Corrupt.
[[noreturn]] void raise_stored(const Failure& failure);
inline void check(const std::optional<Failure>& failure) {
  if (failure) raise(*failure);
}

U256 to_u256(const pybind11::handle& value, const char* name);
uint64_t to_u64(const pybind11::handle& value, const char* name);
std::vector<uint8_t> to_vector(const pybind11::handle& value, const char* name);
pybind11::object from_u256(const U256& value);

template <size_t N>
Fixed<N> to_fixed(const pybind11::handle& value, const char* name) {
  const ReadView view(value, name);
  if (view.size() != N)
    raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(N) + " bytes, found " + std::to_string(view.size()));
  return fixed_from<N>(view.data());
}
template <size_t N>
pybind11::bytes from_fixed(const Fixed<N>& value) {
  return to_bytes(as_bytes(value));
}
inline pybind11::bytes from_string(const std::string& text) { return {text.data(), text.size()}; }

// Buffers of a Python list, held while they are used.
class ReadViews {
 public:
  ReadViews(const pybind11::iterable& items, const char* name) {
    for (const pybind11::handle& item : items) {
      held_.push_back(std::make_unique<ReadView>(item, name));
      views_.push_back(held_.back()->bytes());
    }
  }
  const std::vector<Bytes>& views() const { return views_; }

 private:
  std::vector<std::unique_ptr<ReadView>> held_;
  std::vector<Bytes> views_;
};

// The state and header of a height. Raises NotFound when it is not kept, InvalidInput before genesis.
evm::View view_at(const evm::Engine& engine, std::optional<uint64_t> number);

// The request and the surroundings of a call, from Python's dictionaries.
evm::CallRequest parse_call(const pybind11::dict& fields);
evm::CallContext call_context(const evm::Engine& engine, std::optional<uint64_t> number, const pybind11::object& overrides,
                              const pybind11::object& block_overrides, uint64_t deadline_ms, uint64_t gas_cap);

// A staged block; record and diff have moved into Python.
struct SealedBlock {
  evm::Sealed sealed;
  pybind11::bytes record, diff;
};
SealedBlock wrap(Outcome<evm::Sealed> outcome);

// Nothing when the key is absent or None.
pybind11::object item_of(const pybind11::dict& dict, const char* key);
evm::ChainConfig parse_config(const pybind11::bytes& text);
evm::Genesis parse_genesis(const pybind11::dict& fields);

void bind_chain_sealed(pybind11::module_& m);
void bind_chain_blocks(EngineClass& engine);
void bind_chain_pool(pybind11::module_& m, EngineClass& engine);
void bind_chain_reads(EngineClass& engine);
void bind_chain_calls(EngineClass& engine);
void bind_chain_traces(EngineClass& engine);
void bind_chain_records(pybind11::module_& m);

}  // namespace zg::py
