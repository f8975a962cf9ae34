#include "errors.hpp"

namespace zg::py {

namespace {
const char* class_name(Status status) {
  switch (status) {
    case Status::bad_argument:
    case Status::bad_encoding: return "InvalidInput";
    case Status::out_of_capacity: return "Exhausted";
    case Status::device_unavailable:
    case Status::device_fault: return "DeviceError";
    case Status::ok:
    case Status::internal: break;
  }
  return "InternalError";
}
}  // namespace

void raise(Status status, const std::string& message) {
  const pybind11::object type = pybind11::module_::import("zerog.errors").attr(class_name(status));
  PyErr_SetString(type.ptr(), message.c_str());
  throw pybind11::error_already_set();
}

}  // namespace zg::py
