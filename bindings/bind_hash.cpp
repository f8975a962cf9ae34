#include "bind.hpp"
#include "buffers.hpp"
#include "gil.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::py {

void bind_hash(pybind11::module_& m) {
  m.def(
      "keccak256",
      [](const pybind11::object& data) {
        const ReadView input(data, "data");
        uint8_t digest[32];
        {
          ReleaseAbove release(input.size());
          keccak256::hash(input.bytes(), digest);
        }
        return to_bytes({digest, 32});
      },
      pybind11::arg("data"));
}

}  // namespace zg::py
