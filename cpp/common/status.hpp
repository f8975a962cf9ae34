// The core's whole error vocabulary, and a value-or-status for host-side code.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace zg {

enum class Status {
  ok,                  // done
  bad_argument,        // sizes, counts or choices do not fit the contract
  bad_encoding,        // bytes do not decode to a value
  out_of_capacity,     // a named bound was reached
  device_unavailable,  // no such backend or device on this machine
  device_fault,        // the device or a backend answered wrongly
  internal,            // a broken invariant of ours
};

const char* status_name(Status status);

// What went wrong, with a sentence for people: lower case, no full stop, expected and found.
struct Failure {
  Status status;
  std::string message;
};

// A T, or the Failure that prevented it.
template <class T>
class Outcome {
 public:
  Outcome(T value) : state_(std::move(value)) {}
  Outcome(Failure failure) : state_(std::move(failure)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() {
    assert(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    assert(ok());
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Failure& failure() const {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Failure> state_;
};

}  // namespace zg
