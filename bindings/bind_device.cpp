#include "bind.hpp"

namespace zg::py {

namespace {

constexpr struct {
  const char* path;
  const char* text;
} kSources[] = {
#include "device_sources.inc"
};

}  // namespace

void bind_device(pybind11::module_& m) {
  m.def("device_sources", [] {
    pybind11::dict out;
    for (const auto& source : kSources) out[source.path] = source.text;
    return out;
  });
}

}  // namespace zg::py
