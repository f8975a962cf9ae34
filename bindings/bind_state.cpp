#include "bind.hpp"

namespace zg::py {

void bind_state(pybind11::module_&) {}

}  // namespace zg::py
