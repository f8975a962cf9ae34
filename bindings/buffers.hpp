// The only place where a Python buffer becomes bytes. Every view holds its exporter until it is destroyed, so the memory
// stays valid while the interpreter lock is released.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "common/bytes.hpp"
#include "errors.hpp"

namespace zg::py {

// A borrowed, read-only, C-contiguous buffer of any item type, seen as bytes.
class ReadView {
 public:
  ReadView(const pybind11::handle& object, const char* name) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS) != 0) {
      PyErr_Clear();
      raise(Status::bad_argument, std::string(name) + ": expected a C-contiguous buffer (bytes, bytearray, memoryview, numpy), found " +
                                      Py_TYPE(object.ptr())->tp_name);
    }
  }
  ~ReadView() { PyBuffer_Release(&view_); }
  ReadView(const ReadView&) = delete;
  ReadView& operator=(const ReadView&) = delete;

  const uint8_t* data() const { return static_cast<const uint8_t*>(view_.buf); }
  size_t size() const { return static_cast<size_t>(view_.len); }
  Bytes bytes() const { return {data(), size()}; }
  size_t item_size() const { return static_cast<size_t>(view_.itemsize); }

 private:
  Py_buffer view_;
};

// A borrowed, writable, C-contiguous buffer.
class WriteView {
 public:
  WriteView(const pybind11::handle& object, const char* name, size_t size_wanted) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) != 0) {
      PyErr_Clear();
      raise(Status::bad_argument, std::string(name) + ": expected a writable C-contiguous buffer");
    }
    if (static_cast<size_t>(view_.len) != size_wanted) {
      const std::string found = std::to_string(view_.len);
      PyBuffer_Release(&view_);
      raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(size_wanted) + " bytes, found " + found);
    }
  }
  ~WriteView() { PyBuffer_Release(&view_); }
  WriteView(const WriteView&) = delete;
  WriteView& operator=(const WriteView&) = delete;

  uint8_t* data() const { return static_cast<uint8_t*>(view_.buf); }

 private:
  Py_buffer view_;
};

inline pybind11::bytes to_bytes(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

}  // namespace zg::py
