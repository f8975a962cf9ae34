#include "bind.hpp"
#include "buffers.hpp"
#include "numbers.hpp"
#include "rlp/api.hpp"

namespace zg::py {

namespace {

void encode_item(rlp::Encoder& encoder, const pybind11::handle& item, unsigned depth) {
  if (PyBytes_Check(item.ptr())) {
    encoder.bytes(Bytes{reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(item.ptr())), static_cast<size_t>(PyBytes_GET_SIZE(item.ptr()))});
  } else if (PyList_Check(item.ptr()) || PyTuple_Check(item.ptr())) {
    if (depth == rlp::kDepthMax) raise(Status::bad_argument, "rlp: lists are nested deeper than " + std::to_string(rlp::kDepthMax));
    const size_t mark = encoder.open_list();
    for (const pybind11::handle& inner : pybind11::reinterpret_borrow<pybind11::sequence>(item)) encode_item(encoder, inner, depth + 1);
    encoder.close_list(mark);
  } else if (PyLong_Check(item.ptr())) {
    encoder.number(u256_from_int(item, "rlp"));
  } else if (PyObject_CheckBuffer(item.ptr())) {
    const ReadView view(item, "rlp");
    encoder.bytes(view.bytes());
  } else {
    raise(Status::bad_argument, std::string("rlp: expected bytes, an integer, a list or a tuple, found ") + Py_TYPE(item.ptr())->tp_name);
  }
}

// `decoder` stands before an item of a canonical encoding.
pybind11::object decode_item(rlp::Decoder& decoder) {
  if (!decoder.next_is_list()) return to_bytes(decoder.bytes());
  rlp::Decoder items = decoder.list();
  pybind11::list out;
  while (!items.at_end()) out.append(decode_item(items));
  return out;
}

}  // namespace

void bind_rlp(pybind11::module_& m) {
  m.def(
      "rlp_encode",
      [](const pybind11::object& item) {
        rlp::Encoder encoder;
        encode_item(encoder, item, 0);
        return to_bytes(encoder.view());
      },
      pybind11::arg("item"),
      "The canonical encoding of bytes, of an integer from 0 to 2^256 - 1, or of lists of these, at most 64 deep.");
  m.def(
      "rlp_decode",
      [](const pybind11::object& data) {
        const ReadView input(data, "data");
        if (const char* error = rlp::check_canonical(input.bytes())) raise(Status::bad_encoding, std::string("rlp: ") + error);
        rlp::Decoder decoder(input.bytes());
        return decode_item(decoder);
      },
      pybind11::arg("data"),
      "The one item that `data` holds: bytes, or a list of items. InvalidInput unless it is canonical to the last byte.");
}

}  // namespace zg::py
