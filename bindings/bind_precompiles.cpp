#include <string>
#include <tuple>

#include "bind.hpp"
#include "buffers.hpp"
#include "errors.hpp"
#include "common/digest.hpp"
#include "evm/precompiles/api.hpp"

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

}  // namespace

void bind_precompiles(py::module_& m) {
  m.def("precompile", &precompile, py::arg("address"), py::arg("input"), py::arg("gas"), py::arg("fork") = "prague",
        "Run one precompiled contract of Ethereum.\n\nArgs:\n    address: 1 to 10 at Cancun, 1 to 17 at Prague.\n"
        "    input: any contiguous buffer.\n    gas: what the call may spend.\n    fork: 'cancun' or 'prague'.\n\n"
        "Returns:\n    (ok, gas used, output); a failure uses all gas and has no output.\n\n"
        "Raises:\n    InvalidInput: no precompile of that fork, or an unknown fork.");
}

}  // namespace zg::py
