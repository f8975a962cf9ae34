#include "bind.hpp"

namespace zg::py {

void bind_rlp(pybind11::module_&) {}

}  // namespace zg::py
