#include <sys/mman.h>

#include <cstdlib>
#include <list>
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include "bind.hpp"
#include "buffers.hpp"
#include "erasure/gf256/api.hpp"
#include "gil.hpp"

namespace zg::py {

namespace {

using pybind11::object;

// Borrowed shards of one length: a two-dimensional array of bytes whose rows are contiguous, or a sequence of contiguous
// buffers.
class Shards {
 public:
  Shards(const object& source, const char* name, bool writable = false) : name_(name), writable_(writable) {
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

  // Refuses shards that share bytes with `other`'s, or, given themselves, with each other.
  void apart_from(const Shards& other) const {
    for (size_t i = 0; i < count(); ++i) {
      for (size_t j = 0; j < (&other == this ? i : other.count()); ++j) {
        const auto a = reinterpret_cast<uintptr_t>(rows_[i]), b = reinterpret_cast<uintptr_t>(other.rows_[j]);
        if (a < b + other.size_ && b < a + size_) raise(Status::bad_argument, std::string(name_) + ": overlaps " + other.name_);
      }
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

  void take_array(const object& source) {
    get(source.ptr(), PyBUF_STRIDES);
    const Py_buffer& view = views_.back();
    if (view.ndim != 2 || view.itemsize != 1 || (view.shape[1] > 1 && view.strides[1] != 1))
      refuse("expected two dimensions of bytes with contiguous rows, or a sequence of buffers; found " + std::to_string(view.ndim) +
             " dimensions of " + std::to_string(view.itemsize) + "-byte items");
    size_ = static_cast<size_t>(view.shape[1]);
    for (Py_ssize_t i = 0; i < view.shape[0]; ++i) rows_.push_back(static_cast<uint8_t*>(view.buf) + i * view.strides[0]);
  }

  void take_sequence(const object& source) {
    if (!PySequence_Check(source.ptr())) refuse(std::string("expected an array or a sequence of buffers, found ") + Py_TYPE(source.ptr())->tp_name);
    const auto items = pybind11::reinterpret_steal<object>(PySequence_Tuple(source.ptr()));
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

constexpr size_t kHugePageSize = size_t{2} << 20;

// A new uint8[rows, size] on cache lines; large ones on huge pages, where first touches cost a fifth.
object fresh_shards(size_t rows, size_t size) {
  if (size != 0 && rows > SIZE_MAX / 4 / size) raise(Status::bad_argument, "shards: too large");
  const size_t wanted = rows * size;
  const size_t alignment = wanted >= 2 * kHugePageSize ? kHugePageSize : 64;
  void* memory = std::aligned_alloc(alignment, (wanted + alignment) / alignment * alignment);
  if (memory == nullptr) raise(Status::out_of_capacity, "shards: no memory for " + std::to_string(wanted) + " bytes");
  if (alignment == kHugePageSize) madvise(memory, (wanted + alignment) / alignment * alignment, MADV_HUGEPAGE);
  const pybind11::capsule owner(memory, [](void* at) { std::free(at); });
  return pybind11::array_t<uint8_t>({static_cast<pybind11::ssize_t>(rows), static_cast<pybind11::ssize_t>(size)}, static_cast<uint8_t*>(memory), owner);
}

std::shared_ptr<const gf256::Plan> checked(Outcome<std::shared_ptr<const gf256::Plan>> found) { return unwrap(std::move(found)); }

object run_plan(const gf256::Plan& plan, const Shards& inputs, const object& out) {
  object result = out.is_none() ? fresh_shards(plan.rows, inputs.size()) : out;
  const Shards outputs(result, "out", true);
  outputs.expect(plan.rows, inputs.size());
  if (!out.is_none()) {
    outputs.apart_from(inputs);
    outputs.apart_from(outputs);
  }
  ReleaseAbove release(inputs.size() * plan.columns);
  gf256::apply(plan, inputs.data(), outputs.writable(), inputs.size());
  return result;
}

object encode(const object& data, size_t parity_shards, const object& out, const std::string& backend) {
  const gf256::Table& table = *unwrap(gf256::backend(backend));
  const Shards inputs(data, "data");
  return run_plan(*checked(gf256::encoding(table, inputs.count(), parity_shards)), inputs, out);
}

object recover(const object& shards, const std::vector<uint16_t>& present, size_t data_shards, size_t parity_shards,
               const std::vector<uint16_t>& wanted, const object& out, const std::string& backend) {
  const gf256::Table& table = *unwrap(gf256::backend(backend));
  const auto plan = checked(gf256::recovery(table, data_shards, parity_shards, present, wanted));
  const Shards inputs(shards, "shards");
  inputs.expect(present.size());
  return run_plan(*plan, inputs, out);
}

bool verify(const object& shards, size_t data_shards, const std::string& backend) {
  const gf256::Table& table = *unwrap(gf256::backend(backend));
  const Shards all(shards, "shards");
  const size_t parity_shards = all.count() > data_shards ? all.count() - data_shards : 0;
  const auto plan = checked(gf256::encoding(table, data_shards, parity_shards));
  ReleaseAbove release(all.size() * all.count());
  return gf256::agrees(*plan, all.data(), all.data() + data_shards, all.size());
}

// The coefficients themselves, for device kernels.
pybind11::bytes matrix(const std::vector<uint16_t>& present, size_t data_shards, size_t parity_shards, const std::vector<uint16_t>& wanted) {
  const auto plan = checked(gf256::recovery(gf256::scalar, data_shards, parity_shards, present, wanted));
  return to_bytes({plan->matrix.data(), plan->matrix.size()});
}

}  // namespace

void bind_erasure(pybind11::module_& m) {
  using pybind11::arg;
  m.def("gf256_encode", &encode, arg("data"), arg("parity_shards"), arg("out") = pybind11::none(), arg("backend") = "");
  m.def("gf256_recover", &recover, arg("shards"), arg("present"), arg("data_shards"), arg("parity_shards"), arg("wanted"),
        arg("out") = pybind11::none(), arg("backend") = "");
  m.def("gf256_verify", &verify, arg("shards"), arg("data_shards"), arg("backend") = "");
  m.def("gf256_matrix", &matrix, arg("present"), arg("data_shards"), arg("parity_shards"), arg("wanted"));
}

}  // namespace zg::py
