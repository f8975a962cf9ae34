// Packed decoders, the step contract and the pure kernels of inference.
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "batching.hpp"
#include "batching/model/api.hpp"
#include "batching/model/encoder.hpp"
#include "bind.hpp"
#include "errors.hpp"

namespace zg::py {

namespace {

namespace py = pybind11;
using batching::Want;

// The packed weights, with what Python asks about them.
struct PackedDecoder {
  std::shared_ptr<const batching::DecoderWeights> weights;
  batching::DecoderConfig config;
};

using Named = std::tuple<std::string, uint32_t, size_t, size_t, py::object>;

// Tensors whose buffers stay borrowed for the life of the object.
class NamedTensors {
 public:
  explicit NamedTensors(const std::vector<Named>& list) {
    views_.reserve(list.size());
    for (const auto& [name, type, rows, columns, data] : list) {
      views_.push_back(std::make_unique<ReadView>(data, name.c_str()));
      tensors_[name] = {static_cast<batching::TensorType>(type), views_.back()->bytes(), rows, columns};
    }
  }
  const batching::Tensors& get() const { return tensors_; }

 private:
  std::vector<std::unique_ptr<ReadView>> views_;
  batching::Tensors tensors_;
};

PackedDecoder pack_decoder(const std::vector<Named>& list, uint32_t layers, uint32_t width, uint32_t heads, uint32_t kv_heads, uint32_t head_size,
                           uint32_t inner_width, uint32_t vocabulary_size, uint32_t context_size, float norm_epsilon, double rope_base,
                           double rope_scale, uint32_t rope_size, bool rope_halves) {
  const batching::DecoderConfig config{layers,       width,     heads,      kv_heads,  head_size,  inner_width, vocabulary_size, context_size,
                                       norm_epsilon, rope_base, rope_scale, rope_size, rope_halves};
  const NamedTensors tensors(list);
  auto packed = [&] {
    const py::gil_scoped_release release;
    return batching::pack_decoder(config, tensors.get());
  }();
  return {unwrap(std::move(packed)), config};
}

// A contiguous uint32 array, or whatever converts to one without losing values.
std::span<const uint32_t> words(const ReadView& view, const char* name) {
  if (view.item_size() != 4 || reinterpret_cast<uintptr_t>(view.data()) % 4 != 0)
    raise(Status::bad_argument, std::string(name) + ": expected an aligned buffer of 32-bit items");
  return {reinterpret_cast<const uint32_t*>(view.data()), view.size() / 4};
}

template <class T>
py::array_t<T> taken(const std::vector<T>& from) {
  return py::array_t<T>(static_cast<py::ssize_t>(from.size()), from.data());
}

py::tuple step(batching::StepRunner& runner, const py::object& tokens, const py::object& positions, const py::object& sequences, const py::object& wants,
               const py::object& page_offsets, const py::object& pages) {
  const ReadView token_view(tokens, "tokens"), position_view(positions, "positions"), sequence_view(sequences, "sequences"), want_view(wants, "wants");
  const ReadView offset_view(page_offsets, "page_offsets"), page_view(pages, "pages");
  if (want_view.item_size() != 1) raise(Status::bad_argument, "wants: expected a buffer of bytes");
  const batching::Batch batch{words(token_view, "tokens"),
                              words(position_view, "positions"),
                              words(sequence_view, "sequences"),
                              {reinterpret_cast<const Want*>(want_view.data()), want_view.size()},
                              words(offset_view, "page_offsets"),
                              words(page_view, "pages")};
  batching::Answers answers;
  const auto fault = [&] {
    const py::gil_scoped_release release;
    return runner.step(batch, answers);
  }();
  if (fault) raise(*fault);
  const auto vocabulary = static_cast<py::ssize_t>(runner.limits().vocabulary_size);
  py::array_t<float> logits({static_cast<py::ssize_t>(answers.logit_rows.size()), vocabulary}, answers.logits.data());
  return py::make_tuple(taken(answers.rows), taken(answers.best), taken(answers.best_logits), taken(answers.logit_rows), logits);
}

Runner make_decoder(const PackedDecoder& packed, uint32_t page_count, uint32_t rows_max, const std::string& backend) {
  return unwrap(batching::make_decoder(packed.weights, page_count, rows_max, backend));
}

using SharedEncoder = std::shared_ptr<batching::Encoder>;

SharedEncoder make_encoder(const std::vector<Named>& list, uint32_t layers, uint32_t width, uint32_t heads, uint32_t inner_width,
                           uint32_t vocabulary_size, uint32_t context_size, float norm_epsilon, uint32_t rows_max, const std::string& backend) {
  const NamedTensors tensors(list);
  auto made = [&] {
    const py::gil_scoped_release release;
    return batching::make_encoder({layers, width, heads, inner_width, vocabulary_size, context_size, norm_epsilon}, tensors.get(), rows_max, backend);
  }();
  return unwrap(std::move(made));
}

py::array_t<float> encode(batching::Encoder& encoder, const py::object& tokens, const py::object& offsets) {
  const ReadView token_view(tokens, "tokens"), offset_view(offsets, "offsets");
  std::vector<float> out;
  const auto fault = [&, token_span = words(token_view, "tokens"), offset_span = words(offset_view, "offsets")] {
    const py::gil_scoped_release release;
    return encoder.encode(token_span, offset_span, out);
  }();
  if (fault) raise(*fault);
  const auto width = static_cast<py::ssize_t>(encoder.config().width);
  return py::array_t<float>({static_cast<py::ssize_t>(out.size()) / width, width}, out.data());
}

py::array_t<float> dequantise(uint32_t type, const py::object& data, size_t count) {
  const ReadView view(data, "data");
  const auto kind = static_cast<batching::TensorType>(type);
  const size_t wanted = unwrap(batching::tensor_size_bytes(kind, count));
  if (view.size() != wanted) raise(Status::bad_argument, "data: expected " + std::to_string(wanted) + " bytes, found " + std::to_string(view.size()));
  py::array_t<float> out(static_cast<py::ssize_t>(count));
  float* to = out.mutable_data();
  const py::gil_scoped_release release;
  batching::dequantise(kind, view.data(), count, to);
  return out;
}

py::array_t<float> multiply(const py::array_t<float, py::array::c_style>& x, uint32_t type, size_t columns, const py::object& data, const std::string& backend) {
  const batching::Table& table = *unwrap(batching::gemm_backend(backend));
  if (x.ndim() != 2) raise(Status::bad_argument, "x: expected two dimensions, found " + std::to_string(x.ndim()));
  const auto rows = static_cast<size_t>(x.shape(0)), depth = static_cast<size_t>(x.shape(1));
  const ReadView view(data, "data");
  const float* from = x.data();
  std::vector<float> out;
  const auto fault = [&]() -> std::optional<Failure> {
    const py::gil_scoped_release release;
    return batching::multiply(table, static_cast<batching::TensorType>(type), view.bytes(), columns, depth, from, rows, out);
  }();
  if (fault) raise(*fault);
  return py::array_t<float>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)}, out.data());
}

void copy_page(batching::StepRunner& runner, uint32_t from, uint32_t to) {
  if (const auto fault = runner.copy_page(from, to)) raise(*fault);
}

}  // namespace

void bind_batching(py::module_& m) {
  using py::arg;
  py::class_<PackedDecoder>(m, "PackedDecoder", "Weights of a decoder in the form that the kernels read; immutable.")
      .def(py::init(&pack_decoder), arg("tensors"), py::kw_only(), arg("layers"), arg("width"), arg("heads"), arg("kv_heads"), arg("head_size"),
           arg("inner_width"), arg("vocabulary_size"), arg("context_size"), arg("norm_epsilon"), arg("rope_base"), arg("rope_scale"),
           arg("rope_size"), arg("rope_halves"))
      .def_property_readonly("size_bytes", [](const PackedDecoder& packed) { return batching::weights_size_bytes(*packed.weights); })
      .def_property_readonly("page_size_bytes", [](const PackedDecoder& packed) { return batching::page_size_bytes(*packed.weights); })
      .def_property_readonly("vocabulary_size", [](const PackedDecoder& packed) { return packed.config.vocabulary_size; })
      .def_property_readonly("context_size", [](const PackedDecoder& packed) { return packed.config.context_size; });
  py::class_<batching::StepRunner, Runner>(m, "StepRunner", "A model behind the step contract, with pages of its own.")
      .def("step", &step, arg("tokens"), arg("positions"), arg("sequences"), arg("wants"), arg("page_offsets"), arg("pages"))
      .def("copy_page", &copy_page, arg("source"), arg("target"))
      .def_property_readonly("page_count", [](const batching::StepRunner& runner) { return runner.limits().page_count; })
      .def_property_readonly("rows_max", [](const batching::StepRunner& runner) { return runner.limits().rows_max; })
      .def_property_readonly("vocabulary_size", [](const batching::StepRunner& runner) { return runner.limits().vocabulary_size; })
      .def_property_readonly("context_size", [](const batching::StepRunner& runner) { return runner.limits().context_size; });
  py::class_<batching::Encoder, SharedEncoder>(m, "SentenceEncoder", "A sentence encoder with its weights.")
      .def(py::init(&make_encoder), arg("tensors"), py::kw_only(), arg("layers"), arg("width"), arg("heads"), arg("inner_width"),
           arg("vocabulary_size"), arg("context_size"), arg("norm_epsilon"), arg("rows_max"), arg("backend") = "")
      .def("encode", &encode, arg("tokens"), arg("offsets"))
      .def_property_readonly("width", [](const batching::Encoder& encoder) { return encoder.config().width; })
      .def_property_readonly("context_size", [](const batching::Encoder& encoder) { return encoder.config().context_size; });
  m.def("batching_dequantise", &dequantise, arg("type"), arg("data"), arg("count"));
  m.def("batching_multiply", &multiply, arg("x"), arg("type"), arg("columns"), arg("data"), arg("backend") = "");
  m.def("batching_decoder", &make_decoder, arg("packed"), arg("page_count"), arg("rows_max"), arg("backend") = "");
}

}  // namespace zg::py
