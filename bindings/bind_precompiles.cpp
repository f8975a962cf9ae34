#include <pybind11/stl.h>

#include <string>
#include <tuple>
#include <vector>

#include "bind.hpp"
#include "buffers.hpp"
#include "errors.hpp"
#include "common/digest.hpp"
#include "evm/precompiles/api.hpp"
#include "evm/zerog_rules/quorums.hpp"
#include "sig/bls_bn254/api.hpp"

namespace zg::py {

namespace {

namespace py = pybind11;

evm::Fork parse_fork(const std::string& name) {
  if (name == "cancun") return evm::Fork::cancun;
  if (name == "prague") return evm::Fork::prague;
  raise(Status::bad_argument, "fork: expected 'cancun' or 'prague', found '" + name + "'");
}

std::tuple<bool, uint64_t, py::bytes> precompile(uint64_t address, const py::buffer& input, uint64_t gas, const std::string& fork) {
  const ReadView view(input, "input");
  evm::Rules rules;
  rules.fork = parse_fork(fork);
  if (address == 0 || address > evm::precompiles::last_precompile(rules.fork))
    raise(Status::bad_argument, "address: expected a precompile of " + fork + ", found " + std::to_string(address));
  Address target{};
  target.b[19] = static_cast<uint8_t>(address);
  evm::precompiles::PrecompileResult result;
  {
    const py::gil_scoped_release release;
    result = evm::precompiles::run(target, view.bytes(), gas, rules);
  }
  return {result.success, result.gas_used, to_bytes(as_bytes(result.output))};
}

template <size_t N>
Fixed<N> fixed_argument(const py::handle& object, const char* name) {
  const ReadView view(object, name);
  if (view.size() != N)
    raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(N) + " bytes, found " + std::to_string(view.size()));
  return fixed_from<N>(view.data());
}

py::bytes map_to_g1(const py::buffer& digest) {
  const Hash32 value = fixed_argument<32>(digest, "digest");
  uint8_t point[64];
  bn254::encode_g1(bls_bn254::map_to_g1(value), point);
  return to_bytes({point, sizeof point});
}

std::vector<py::bytes> quorums(const std::vector<std::tuple<py::buffer, py::buffer, uint64_t>>& signers, size_t encoded_slices,
                               size_t quorums_max, uint64_t votes_per_signer_max) {
  if (encoded_slices == 0 || encoded_slices > 1u << 20 || quorums_max > 1u << 10)
    raise(Status::bad_argument, "quorums: expected 1 to 2^20 slices and at most 2^10 quorums");
  std::vector<evm::zerog_rules::RegisteredSigner> registered;
  for (const auto& [address, registration, votes] : signers) {
    const ReadView text(registration, "registration");
    if (text.size() != 32 && text.size() != 64)
      raise(Status::bad_argument, "registration: expected 32 or 64 bytes, found " + std::to_string(text.size()));
    std::optional<Hash32> rest;
    if (text.size() == 64) rest = fixed_from<32>(text.data() + 32);
    registered.push_back({fixed_argument<20>(address, "address"), fixed_from<32>(text.data()), votes, rest});
  }
  std::vector<std::vector<Address>> built;
  {
    const py::gil_scoped_release release;
    built = evm::zerog_rules::build_quorums(registered, {encoded_slices, quorums_max, votes_per_signer_max});
  }
  std::vector<py::bytes> out;
  for (const std::vector<Address>& rows : built) out.push_back(to_bytes({rows[0].b, 20 * rows.size()}));
  return out;
}

}  // namespace

void bind_precompiles(py::module_& m) {
  m.def("precompile", &precompile, py::arg("address"), py::arg("input"), py::arg("gas"), py::arg("fork") = "prague",
        "Run one precompiled contract of Ethereum.\n\nArgs:\n    address: 1 to 10 at Cancun, 1 to 17 at Prague.\n"
        "    input: any contiguous buffer.\n    gas: what the call may spend.\n    fork: 'cancun' or 'prague'.\n\n"
        "Returns:\n    (ok, gas used, output); a failure uses all gas and has no output.\n\n"
        "Raises:\n    InvalidInput: no precompile of that fork, or an unknown fork.");
  m.def("da_map_to_g1", &map_to_g1, py::arg("digest"),
        "The BN254 point that DASigners hashes a 32-byte digest to: x then y, 64 big-endian bytes.\n\n"
        "Raises:\n    InvalidInput: the digest is not 32 bytes.");
  m.def("da_quorums", &quorums, py::arg("signers"), py::arg("encoded_slices") = 3072, py::arg("quorums_max") = 10,
        py::arg("votes_per_signer_max") = 102400,
        "The quorums that an epoch gets from its registered signers.\n\nArgs:\n"
        "    signers: (address, registration, votes), in order of registration. A registration is the keccak256 of the signature\n"
        "        (version 3 of the rules), or the signature itself, 64 bytes (version 2).\n\n"
        "Returns:\n    one bytes a quorum: encoded_slices addresses of 20 bytes, row after row.\n\n"
        "Raises:\n    InvalidInput: a field of the wrong size, or sizes out of bounds.\n\n"
        "Cost: one keccak256 a vote, lanes side by side; lock released.");
}

}  // namespace zg::py
