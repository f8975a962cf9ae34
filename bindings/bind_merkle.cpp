#include "bind.hpp"

namespace zg::py {

void bind_merkle(pybind11::module_&) {}

}  // namespace zg::py
