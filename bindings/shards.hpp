// Erasure-coded shards as Python has them: arrays of rows, or sequences of buffers.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <string>
#include <vector>

#include "buffers.hpp"

namespace zg::py {

// Borrowed shards of one length: a two-dimensional array of bytes whose rows are contiguous, or a sequence of contiguous
// buffers.
class Shards {
 public:
  Shards(const pybind11::object& source, const char* name, bool writable = false) : name_(name), writable_(writable) {
    if (PyObject_CheckBuffer(source.ptr())) {
      take_array(source);
    } else {
      take_sequence(source);
    }
  }
  ~Shards() {
    for (Py_buffer& view : views_) PyBuffer_Release(&view);
  }
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  size_t count() const { return rows_.size(); }
  size_t size() const { return size_; }
  uint8_t* const* writable() const { return rows_.data(); }
  const uint8_t* const* data() const { return rows_.data(); }

  void expect(size_t count) const {
    if (count != rows_.size())
      raise(Status::bad_argument, std::string(name_) + ": expected " + std::to_string(count) + " shards, found " + std::to_string(rows_.size()));
  }
  void expect(size_t count, size_t size) const {
    expect(count);
    if (count != 0 && size != size_)
      raise(Status::bad_argument, std::string(name_) + ": expected shards of " + std::to_string(size) + " bytes, found " + std::to_string(size_));
  }

  // Refuses shards that share bytes with each other, or with `inputs`, which may share among themselves.
  void apart_from(const Shards& inputs) const {
    if (size_ == 0) return;
    std::vector<uintptr_t> begins;
    for (const uint8_t* row : rows_) begins.push_back(reinterpret_cast<uintptr_t>(row));
    std::sort(begins.begin(), begins.end());
    for (size_t i = 1; i < begins.size(); ++i)
      if (begins[i] - begins[i - 1] < size_) raise(Status::bad_argument, std::string(name_) + ": overlaps " + name_);
    for (const uint8_t* row : inputs.rows_) {
      const auto begin = reinterpret_cast<uintptr_t>(row);
      const auto next = std::upper_bound(begins.begin(), begins.end(), begin);
      if ((next != begins.end() && *next - begin < inputs.size_) || (next != begins.begin() && begin - *(next - 1) < size_))
        raise(Status::bad_argument, std::string(name_) + ": overlaps " + inputs.name_);
    }
  }

 private:
  // The destructor does not run for a constructor that throws.
  [[noreturn]] void refuse(const std::string& what) {
    for (Py_buffer& view : views_) PyBuffer_Release(&view);
    raise(Status::bad_argument, std::string(name_) + ": " + what);
  }

  void get(PyObject* object, int flags) {
    views_.emplace_back();
    if (PyObject_GetBuffer(object, &views_.back(), flags | (writable_ ? PyBUF_WRITABLE : 0)) == 0) return;
    PyErr_Clear();
    views_.pop_back();
    refuse(std::string("expected ") + (writable_ ? "writable " : "") + "contiguous buffers, found " + Py_TYPE(object)->tp_name);
  }

  void take_array(const pybind11::object& source) {
    get(source.ptr(), PyBUF_STRIDES);
    const Py_buffer& view = views_.back();
    if (view.ndim != 2 || view.itemsize != 1 || (view.shape[1] > 1 && view.strides[1] != 1))
      refuse("expected two dimensions of bytes with contiguous rows, or a sequence of buffers; found " + std::to_string(view.ndim) +
             " dimensions of " + std::to_string(view.itemsize) + "-byte items");
    size_ = static_cast<size_t>(view.shape[1]);
    for (Py_ssize_t i = 0; i < view.shape[0]; ++i) rows_.push_back(static_cast<uint8_t*>(view.buf) + i * view.strides[0]);
  }

  void take_sequence(const pybind11::object& source) {
    if (!PySequence_Check(source.ptr())) refuse(std::string("expected an array or a sequence of buffers, found ") + Py_TYPE(source.ptr())->tp_name);
    const auto items = pybind11::reinterpret_steal<pybind11::object>(PySequence_Tuple(source.ptr()));
    if (!items) {
      PyErr_Clear();
      refuse("expected an array or a sequence of buffers");
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(items.ptr());
    for (Py_ssize_t i = 0; i < count; ++i) {
      get(PyTuple_GET_ITEM(items.ptr(), i), PyBUF_C_CONTIGUOUS);
      const size_t size = static_cast<size_t>(views_.back().len);
      if (i != 0 && size != size_)
        refuse("expected shards of one length, found " + std::to_string(size_) + " and " + std::to_string(size) + " bytes at index " + std::to_string(i));
      size_ = size;
      rows_.push_back(static_cast<uint8_t*>(views_.back().buf));
    }
  }

  const char* name_;
  bool writable_;
  std::list<Py_buffer> views_;
  std::vector<uint8_t*> rows_;
  size_t size_ = 0;
};

inline constexpr size_t kHugePageSize = size_t{2} << 20;

// A new uint8[rows, size] on cache lines; large ones on huge pages, where first touches cost a fifth.
inline pybind11::object fresh_shards(size_t rows, size_t size) {
  if (size != 0 && rows > SIZE_MAX / 4 / size) raise(Status::bad_argument, "shards: too large");
  const size_t wanted = rows * size;
  const size_t alignment = wanted >= 2 * kHugePageSize ? kHugePageSize : 64;
  void* memory = std::aligned_alloc(alignment, (wanted + alignment) / alignment * alignment);
  if (memory == nullptr) raise(Status::out_of_capacity, "shards: no memory for " + std::to_string(wanted) + " bytes");
  if (alignment == kHugePageSize) madvise(memory, (wanted + alignment) / alignment * alignment, MADV_HUGEPAGE);
  const pybind11::capsule owner(memory, [](void* at) { std::free(at); });
  return pybind11::array_t<uint8_t>({static_cast<pybind11::ssize_t>(rows), static_cast<pybind11::ssize_t>(size)}, static_cast<uint8_t*>(memory), owner);
}

}  // namespace zg::py
