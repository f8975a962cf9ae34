#include "bind.hpp"

namespace zg::py {

void bind_device(pybind11::module_&) {}

}  // namespace zg::py
