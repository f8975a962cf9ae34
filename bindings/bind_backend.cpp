#include <pybind11/stl.h>

#include "bind.hpp"
#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"

namespace zg::py {

void bind_backend(pybind11::module_& m) {
  m.def("cpu_features", [] { return cpu_feature_names(cpu_features()); });
  m.def("thread_count", &thread_count);
  m.def("set_thread_count", &set_thread_count, pybind11::arg("count"));
  m.def("backends", [] {
    pybind11::list out;
    for (const KernelReport& report : backend_report()) {
      pybind11::dict entry;
      entry["kernel"] = report.kernel;
      entry["chosen"] = report.chosen;
      entry["reason"] = report.reason;
      entry["available"] = report.available;
      entry["unavailable"] = report.unavailable;
      out.append(entry);
    }
    return out;
  });
}

}  // namespace zg::py
