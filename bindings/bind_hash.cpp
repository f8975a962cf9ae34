#include <string>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::py {

namespace {

pybind11::bytes keccak256_one(const pybind11::object& data) {
  const ReadView input(data, "data");
  uint8_t digest[32];
  {
    ReleaseAbove release(input.size());
    keccak256::hash(input.bytes(), digest);
  }
  return to_bytes({digest, 32});
}

pybind11::object keccak256_many(const pybind11::object& data, const pybind11::object& offsets, const pybind11::object& out, const std::string& backend) {
  const keccak256::Table& table = *unwrap(keccak256::backend(backend));
  const ReadView input(data, "data");
  const OffsetsIn bounds(offsets, input.size());
  const DigestsOut digests(out, bounds.count());
  digests.apart_from(input);
  {
    ReleaseAbove release(input.size() + 32 * bounds.count());
    keccak256::hash_many(table, input.data(), bounds.data(), bounds.count(), digests.data());
  }
  return digests.object();
}

pybind11::object keccak256_fixed(const pybind11::object& data, size_t size, const pybind11::object& out, const std::string& backend) {
  const keccak256::Table& table = *unwrap(keccak256::backend(backend));
  if (size == 0) raise(Status::bad_argument, "size: expected at least 1 byte an input");
  const ReadView input(data, "data");
  const size_t count = item_count(input, size, "data");
  const DigestsOut digests(out, count);
  digests.apart_from(input);
  {
    ReleaseAbove release(input.size());
    keccak256::hash_many_fixed(table, input.data(), size, count, digests.data());
  }
  return digests.object();
}

// `bytes` items are read where they lie; anything else is copied once, since its memory could change.
pybind11::object keccak256_list(const pybind11::object& items, const pybind11::object& out, const std::string& backend) {
  const keccak256::Table& table = *unwrap(keccak256::backend(backend));
  const pybind11::tuple held(items);
  std::vector<Bytes> views(held.size());
  std::vector<std::vector<uint8_t>> copies;
  size_t total = 0;
  for (size_t i = 0; i < views.size(); ++i) {
    PyObject* item = PyTuple_GET_ITEM(held.ptr(), static_cast<Py_ssize_t>(i));
    if (PyBytes_CheckExact(item)) {
      views[i] = {reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(item)), static_cast<size_t>(PyBytes_GET_SIZE(item))};
    } else {
      const ReadView view(item, "items");
      copies.emplace_back(view.data(), view.data() + view.size());
      views[i] = {copies.back().data(), copies.back().size()};
    }
    total += views[i].size;
  }
  const DigestsOut digests(out, views.size());
  {
    ReleaseAbove release(total + 32 * views.size());
    keccak256::hash_many(table, views.data(), views.size(), digests.data());
  }
  return digests.object();
}

// For benches: the bare permutation on interleaved states, `times` over.
void keccak256_permute(const pybind11::object& states, size_t times, const std::string& backend) {
  const keccak256::Table& table = *unwrap(keccak256::backend(backend));
  const size_t group_size = 200 * table.width;
  const size_t size = ReadView(states, "states").size();
  if (size % group_size != 0) raise(Status::bad_argument, "states: expected a multiple of " + std::to_string(group_size) + " bytes, found " + std::to_string(size));
  const WriteView view(states, "states", size);
  if (reinterpret_cast<uintptr_t>(view.data()) % 64 != 0) raise(Status::bad_argument, "states: expected 64-byte alignment");
  ReleaseAbove release(size * times);
  for (size_t i = 0; i < times; ++i) table.permute(reinterpret_cast<uint64_t*>(view.data()), size / group_size);
}

}  // namespace

void bind_hash(pybind11::module_& m) {
  using pybind11::arg;
  m.def("keccak256", &keccak256_one, arg("data"));
  m.def("keccak256_many", &keccak256_many, arg("data"), arg("offsets"), arg("out") = pybind11::none(), arg("backend") = "");
  m.def("keccak256_fixed", &keccak256_fixed, arg("data"), arg("size"), arg("out") = pybind11::none(), arg("backend") = "");
  m.def("keccak256_permute", &keccak256_permute, arg("states"), arg("times") = 1, arg("backend") = "");
  m.def("keccak256_list", &keccak256_list, arg("items"), arg("out") = pybind11::none(), arg("backend") = "");
}

}  // namespace zg::py
