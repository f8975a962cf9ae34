#include "bind.hpp"

namespace zg::py {

void bind_evm(pybind11::module_&) {}

}  // namespace zg::py
