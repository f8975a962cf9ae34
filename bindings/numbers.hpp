// Python integers ↔ 256-bit words, for every Python version: only public calls of the interpreter.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "buffers.hpp"
#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::py {

inline U256 u256_from_int(const pybind11::handle& value, const char* name) {
  if (PyLong_Check(value.ptr()) && !PyBool_Check(value.ptr())) {
    const unsigned long long small = PyLong_AsUnsignedLongLong(value.ptr());
    if (PyErr_Occurred() == nullptr) return U256(small);
    PyErr_Clear();
    try {
      const pybind11::bytes wide = value.attr("to_bytes")(32, "big");
      return U256::from_be(reinterpret_cast<const uint8_t*>(std::string_view(wide).data()));
    } catch (const pybind11::error_already_set&) {
      // Negative or too large: told below.
    }
  }
  raise(Status::bad_argument, std::string(name) + ": expected an integer from 0 to 2^256 - 1, found " + Py_TYPE(value.ptr())->tp_name);
}

inline pybind11::object int_from_u256(const U256& value) {
  if (value.fits_u64()) return pybind11::int_(value.w[0]);
  const Hash32 be = value.to_hash();
  return pybind11::reinterpret_borrow<pybind11::object>(reinterpret_cast<PyObject*>(&PyLong_Type)).attr("from_bytes")(to_bytes(as_bytes(be)), "big");
}

}  // namespace zg::py
