#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bind.hpp"
#include "field/bn254/api.hpp"
#include "field/ntt/api.hpp"
#include "gil.hpp"

namespace zg::py {

namespace {

using bn254::batch::Field;
using bn254::batch::Table;
using pybind11::object;

constexpr size_t kElementSize = 32;

Field field_of(const std::string& name) {
  if (name == "fr") return Field::fr;
  if (name == "fq") return Field::fq;
  raise(Status::bad_argument, "field: expected 'fr' or 'fq', found '" + name + "'");
}

// Borrowed elements, checked to be below the prime.
class Elements {
 public:
  Elements(const object& source, const char* name, const Table& table, Field field) : view_(source, name), count_(item_count(view_, kElementSize, name)) {
    if (reinterpret_cast<uintptr_t>(view_.data()) % 8 != 0) raise(Status::bad_argument, std::string(name) + ": expected 8-byte alignment");
    size_t bad;
    {
      ReleaseAbove release(view_.size());
      bad = unreduced(table, field, words(), count_);
    }
    if (bad != count_) raise(Status::bad_argument, std::string(name) + ": element " + std::to_string(bad) + " is not below the modulus");
  }
  const uint64_t* words() const { return reinterpret_cast<const uint64_t*>(view_.data()); }
  size_t count() const { return count_; }
  size_t size() const { return view_.size(); }

 private:
  ReadView view_;
  size_t count_;
};

// A new uint64[count, 4], or the caller's writable buffer of that size.
class ElementsOut {
 public:
  ElementsOut(const object& out, size_t count) : object_(out) {
    if (out.is_none()) object_ = pybind11::array_t<uint64_t>({static_cast<pybind11::ssize_t>(count), pybind11::ssize_t{4}});
    view_.emplace(object_, "out", kElementSize * count);
    if (reinterpret_cast<uintptr_t>(view_->data()) % 8 != 0) raise(Status::bad_argument, "out: expected 8-byte alignment");
  }
  uint64_t* words() const { return reinterpret_cast<uint64_t*>(view_->data()); }
  object result() const { return object_; }

  // In place is fine; a part of another element is not.
  void apart_or_same(const Elements& input) const {
    const auto a = reinterpret_cast<uintptr_t>(words()), b = reinterpret_cast<uintptr_t>(input.words());
    if (a != b && a < b + input.size() && b < a + input.size()) raise(Status::bad_argument, "out: overlaps an input at another place");
  }

 private:
  object object_;
  std::optional<WriteView> view_;
};

using Binary = void (*)(const Table&, Field, const uint64_t*, const uint64_t*, uint64_t*, size_t);
using Unary = void (*)(const Table&, Field, const uint64_t*, uint64_t*, size_t);

template <Binary call>
object binary(const object& a, const object& b, const std::string& field_name, const object& out, const std::string& backend) {
  const Table& table = *unwrap(bn254::batch::backend(backend));
  const Field field = field_of(field_name);
  const Elements left(a, "a", table, field), right(b, "b", table, field);
  if (left.count() != right.count())
    raise(Status::bad_argument, "b: expected " + std::to_string(left.count()) + " elements, found " + std::to_string(right.count()));
  const ElementsOut to(out, left.count());
  to.apart_or_same(left);
  to.apart_or_same(right);
  {
    ReleaseAbove release(left.size());
    call(table, field, left.words(), right.words(), to.words(), left.count());
  }
  return to.result();
}

template <Unary call>
object unary(const object& a, const std::string& field_name, const object& out, const std::string& backend) {
  const Table& table = *unwrap(bn254::batch::backend(backend));
  const Field field = field_of(field_name);
  const Elements from(a, "a", table, field);
  const ElementsOut to(out, from.count());
  to.apart_or_same(from);
  {
    ReleaseAbove release(from.size());
    call(table, field, from.words(), to.words(), from.count());
  }
  return to.result();
}

object fft(const object& values, unsigned log_size, bool inverse, const object& shift, const object& out, const std::string& backend) {
  const ntt::Table& table = *unwrap(ntt::backend(backend));
  const Table& fields = *unwrap(bn254::batch::backend(""));
  const Elements from(values, "values", fields, Field::fr);
  if (log_size > ntt::kLogMax)
    raise(Status::bad_argument, "size: expected at most 2^" + std::to_string(ntt::kLogMax) + " elements, found 2^" + std::to_string(log_size));
  if (from.count() % (size_t{1} << log_size) != 0)
    raise(Status::bad_argument, "values: expected whole vectors of 2^" + std::to_string(log_size) + " elements, found " + std::to_string(from.count()) + " elements");
  bn254::Fr coset = bn254::Fr::one();
  if (!shift.is_none()) {
    const Elements given(shift, "shift", fields, Field::fr);
    if (given.count() != 1) raise(Status::bad_argument, "shift: expected one element, found " + std::to_string(given.count()));
    coset = field::to_mont<bn254::FrParams>(given.words());
  }
  const ElementsOut to(out, from.count());
  to.apart_or_same(from);
  Outcome<bool> done = true;
  {
    ReleaseAbove release(from.size());
    if (to.words() != from.words()) std::copy_n(from.words(), 4 * from.count(), to.words());
    done = ntt::transform(table, to.words(), from.count() >> log_size, log_size, inverse ? ntt::Direction::inverse : ntt::Direction::forward,
                          shift.is_none() ? nullptr : &coset);
  }
  unwrap(std::move(done));
  return to.result();
}

// The 2^log_size-th root of unity as 32 little-endian bytes.
pybind11::bytes root_of_unity(unsigned log_size) {
  if (log_size > bn254::kFrTwoAdicity) raise(Status::bad_argument, "log_size: expected at most 28, found " + std::to_string(log_size));
  uint64_t words[4];
  field::from_mont(ntt::root_of_unity(log_size), words);
  return to_bytes({reinterpret_cast<const uint8_t*>(words), sizeof words});
}

}  // namespace

void bind_field(pybind11::module_& m) {
  using pybind11::arg;
  const auto none = pybind11::none();
  m.def("bn254_add", &binary<bn254::batch::add>, arg("a"), arg("b"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_sub", &binary<bn254::batch::sub>, arg("a"), arg("b"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_mul", &binary<bn254::batch::mul>, arg("a"), arg("b"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_mul_mont", &binary<bn254::batch::mul_mont>, arg("a"), arg("b"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_square", &unary<bn254::batch::square>, arg("a"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_inverse", &unary<bn254::batch::inverse>, arg("a"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_to_mont", &unary<bn254::batch::to_mont>, arg("a"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("bn254_from_mont", &unary<bn254::batch::from_mont>, arg("a"), arg("field") = "fr", arg("out") = none, arg("backend") = "");
  m.def("fr_transform", &fft, arg("values"), arg("log_size"), arg("inverse") = false, arg("shift") = none, arg("out") = none, arg("backend") = "");
  m.def("fr_root_of_unity", &root_of_unity, arg("log_size"));
}

}  // namespace zg::py
