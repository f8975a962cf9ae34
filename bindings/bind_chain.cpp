#include "bind.hpp"

namespace zg::py {

void bind_chain(pybind11::module_&) {}

}  // namespace zg::py
