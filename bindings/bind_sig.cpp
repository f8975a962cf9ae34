#include "bind.hpp"

namespace zg::py {

void bind_sig(pybind11::module_&) {}

}  // namespace zg::py
