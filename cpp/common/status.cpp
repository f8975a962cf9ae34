#include "common/status.hpp"

namespace zg {

const char* status_name(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::bad_argument: return "bad-argument";
    case Status::bad_encoding: return "bad-encoding";
    case Status::out_of_capacity: return "out-of-capacity";
    case Status::device_unavailable: return "device-unavailable";
    case Status::device_fault: return "device-fault";
    case Status::internal: return "internal";
  }
  return "internal";
}

}  // namespace zg
