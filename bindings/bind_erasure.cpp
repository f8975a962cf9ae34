#include <string>
#include <vector>

#include <pybind11/stl.h>

#include "bind.hpp"
#include "erasure/gf256/api.hpp"
#include "erasure/gf65536/api.hpp"
#include "gil.hpp"
#include "shards.hpp"

namespace zg::py {

namespace {

using pybind11::object;

std::shared_ptr<const gf256::Plan> checked(Outcome<std::shared_ptr<const gf256::Plan>> found) { return unwrap(std::move(found)); }

object run_plan(const gf256::Plan& plan, const Shards& inputs, const object& out) {
  object result = out.is_none() ? fresh_shards(plan.rows, inputs.size()) : out;
  const Shards outputs(result, "out", true);
  outputs.expect(plan.rows, inputs.size());
  if (!out.is_none()) outputs.apart_from(inputs);
  ReleaseAbove release(inputs.size() * plan.columns);
  gf256::apply(plan, inputs.data(), outputs.writable(), inputs.size());
  return result;
}

object encode(const object& data, size_t parity_shards, const object& out, const std::string& backend) {
  const gf256::Table& table = *unwrap(gf256::backend(backend));
  const Shards inputs(data, "data");
  return run_plan(*checked(gf256::encoding(table, inputs.count(), parity_shards)), inputs, out);
}

object recover(const object& shards, const std::vector<uint16_t>& present, size_t data_shards, size_t parity_shards,
               const std::vector<uint16_t>& wanted, const object& out, const std::string& backend) {
  const gf256::Table& table = *unwrap(gf256::backend(backend));
  const auto plan = checked(gf256::recovery(table, data_shards, parity_shards, present, wanted));
  const Shards inputs(shards, "shards");
  inputs.expect(present.size());
  return run_plan(*plan, inputs, out);
}

bool verify(const object& shards, size_t data_shards, const std::string& backend) {
  const gf256::Table& table = *unwrap(gf256::backend(backend));
  const Shards all(shards, "shards");
  const size_t parity_shards = all.count() > data_shards ? all.count() - data_shards : 0;
  const auto plan = checked(gf256::encoding(table, data_shards, parity_shards));
  ReleaseAbove release(all.size() * all.count());
  return gf256::agrees(*plan, all.data(), all.data() + data_shards, all.size());
}

// The coefficients themselves, for device kernels.
pybind11::bytes matrix(const std::vector<uint16_t>& present, size_t data_shards, size_t parity_shards, const std::vector<uint16_t>& wanted) {
  const auto plan = checked(gf256::recovery(gf256::scalar, data_shards, parity_shards, present, wanted));
  return to_bytes({plan->matrix.data(), plan->matrix.size()});
}

// The same over GF(2^16). `method` is for tests: '', 'matrix' or 'transform'.
gf65536::Method method_of(const std::string& name) {
  if (name.empty()) return gf65536::Method::automatic;
  if (name == "matrix") return gf65536::Method::matrix;
  if (name == "transform") return gf65536::Method::transform;
  raise(Status::bad_argument, "method: expected 'matrix' or 'transform', found '" + name + "'");
}

object run_wide(const gf65536::Plan& plan, const Shards& inputs, const object& out) {
  object result = out.is_none() ? fresh_shards(plan.rows, inputs.size()) : out;
  const Shards outputs(result, "out", true);
  outputs.expect(plan.rows, inputs.size());
  if (!out.is_none()) outputs.apart_from(inputs);
  const auto done = [&] {
    ReleaseAbove release(inputs.size() * plan.columns);
    return gf65536::apply(plan, inputs.data(), outputs.writable(), inputs.size());
  }();
  unwrap(done);
  return result;
}

// Plans of wide codes take milliseconds: other threads may go on meanwhile.
template <class Make>
std::shared_ptr<const gf65536::Plan> planned(const Make& make) {
  auto found = [&] {
    const pybind11::gil_scoped_release release;
    return make();
  }();
  return unwrap(std::move(found));
}

object wide_encode(const object& data, size_t parity_shards, const object& out, const std::string& backend, const std::string& method) {
  const gf65536::Table& table = *unwrap(gf65536::backend(backend));
  const gf65536::Method how = method_of(method);
  const Shards inputs(data, "data");
  return run_wide(*planned([&] { return gf65536::encoding(table, inputs.count(), parity_shards, how); }), inputs, out);
}

object wide_recover(const object& shards, const std::vector<uint16_t>& present, size_t data_shards, size_t parity_shards,
                    const std::vector<uint16_t>& wanted, const object& out, const std::string& backend, const std::string& method) {
  const gf65536::Table& table = *unwrap(gf65536::backend(backend));
  const gf65536::Method how = method_of(method);
  const auto plan = planned([&] { return gf65536::recovery(table, data_shards, parity_shards, present, wanted, how); });
  const Shards inputs(shards, "shards");
  inputs.expect(present.size());
  return run_wide(*plan, inputs, out);
}

bool wide_verify(const object& shards, size_t data_shards, const std::string& backend, const std::string& method) {
  const gf65536::Table& table = *unwrap(gf65536::backend(backend));
  const gf65536::Method how = method_of(method);
  const Shards all(shards, "shards");
  const size_t parity_shards = all.count() > data_shards ? all.count() - data_shards : 0;
  const auto plan = planned([&] { return gf65536::encoding(table, data_shards, parity_shards, how); });
  const auto good = [&] {
    ReleaseAbove release(all.size() * all.count());
    return gf65536::agrees(*plan, all.data(), all.data() + data_shards, all.size());
  }();
  return unwrap(good);
}

// Coefficients as native 16-bit words.
pybind11::bytes wide_matrix(const std::vector<uint16_t>& present, size_t data_shards, size_t parity_shards, const std::vector<uint16_t>& wanted) {
  const auto sources = unwrap(gf65536::survivors(data_shards, parity_shards, present, wanted));
  const auto found = unwrap(gf65536::lagrange(sources, wanted));
  return to_bytes({reinterpret_cast<const uint8_t*>(found.data()), 2 * found.size()});
}

}  // namespace

void bind_erasure(pybind11::module_& m) {
  using pybind11::arg;
  m.def("gf256_encode", &encode, arg("data"), arg("parity_shards"), arg("out") = pybind11::none(), arg("backend") = "");
  m.def("gf256_recover", &recover, arg("shards"), arg("present"), arg("data_shards"), arg("parity_shards"), arg("wanted"),
        arg("out") = pybind11::none(), arg("backend") = "");
  m.def("gf256_verify", &verify, arg("shards"), arg("data_shards"), arg("backend") = "");
  m.def("gf256_matrix", &matrix, arg("present"), arg("data_shards"), arg("parity_shards"), arg("wanted"));
  m.def("gf65536_encode", &wide_encode, arg("data"), arg("parity_shards"), arg("out") = pybind11::none(), arg("backend") = "", arg("method") = "");
  m.def("gf65536_recover", &wide_recover, arg("shards"), arg("present"), arg("data_shards"), arg("parity_shards"), arg("wanted"),
        arg("out") = pybind11::none(), arg("backend") = "", arg("method") = "");
  m.def("gf65536_verify", &wide_verify, arg("shards"), arg("data_shards"), arg("backend") = "", arg("method") = "");
  m.def("gf65536_matrix", &wide_matrix, arg("present"), arg("data_shards"), arg("parity_shards"), arg("wanted"));
}

}  // namespace zg::py
