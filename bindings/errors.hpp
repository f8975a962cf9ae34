// The only map from the core's Status to Python exceptions (zerog.errors).
#pragma once

#include <pybind11/pybind11.h>

#include "common/status.hpp"

namespace zg::py {

// Raises the class of zerog.errors that fits; must be called with the interpreter lock held.
[[noreturn]] void raise(Status status, const std::string& message);
[[noreturn]] inline void raise(const Failure& failure) { raise(failure.status, failure.message); }

inline void check(Status status, const char* what) {
  if (status != Status::ok) raise(status, std::string(what) + ": " + status_name(status));
}

template <class T>
T unwrap(Outcome<T> outcome) {
  if (!outcome.ok()) raise(outcome.failure());
  return std::move(*outcome);
}

}  // namespace zg::py
