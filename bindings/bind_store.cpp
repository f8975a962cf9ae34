#include "bind.hpp"
#include "buffers.hpp"
#include "common/endian.hpp"
#include "store/seal.hpp"

#include <cstring>

namespace zg::py {

namespace {

Bytes bytes_of(PyObject* object, const char* name) {
  if (!PyBytes_Check(object)) raise(Status::bad_argument, std::string(name) + ": expected bytes, found " + Py_TYPE(object)->tp_name);
  return Bytes{reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(object)), static_cast<size_t>(PyBytes_GET_SIZE(object))};
}

size_t packed_size(const std::vector<store::SealedRow>& rows) {
  size_t size = 0;
  for (const auto& row : rows) size += 8 + row.key.size + row.stored.size - store::kSealBytes;
  return size;
}

uint8_t* pack(uint8_t* at, Bytes part) {
  store_le32(at, static_cast<uint32_t>(part.size));
  std::memcpy(at + 4, part.data, part.size);
  return at + 4 + part.size;
}

}  // namespace

void bind_store(pybind11::module_& m) {
  m.def(
      "unseal_rows",
      [](const std::string& family, const pybind11::list& keys, const pybind11::list& stored) -> pybind11::object {
        if (keys.size() != stored.size()) raise(Status::bad_argument, "unseal_rows: as many keys as records are needed");
        std::vector<store::SealedRow> rows;
        rows.reserve(keys.size());
        for (size_t i = 0; i < keys.size(); ++i) {
          const auto at = static_cast<Py_ssize_t>(i);
          rows.push_back({bytes_of(PyList_GET_ITEM(keys.ptr(), at), "keys"), bytes_of(PyList_GET_ITEM(stored.ptr(), at), "stored")});
        }
        std::optional<size_t> broken;
        {
          const pybind11::gil_scoped_release release;
          broken = store::first_broken(family, rows);
        }
        if (broken) return pybind11::int_(*broken);
        pybind11::bytes out(nullptr, packed_size(rows));
        auto* at = reinterpret_cast<uint8_t*>(PyBytes_AS_STRING(out.ptr()));
        for (const auto& row : rows) {
          at = pack(at, row.key);
          at = pack(at, Bytes{row.stored.data + store::kSealBytes, row.stored.size - store::kSealBytes});
        }
        return out;
      },
      pybind11::arg("family"), pybind11::arg("keys"), pybind11::arg("stored"),
      R"(Check the seals of stored records and pack keys and values in the form of ``Engine.load_rows``.

Args:
    family: the column family, part of every seal.
    keys: bytes, one a record.
    stored: 16 bytes of seal and the value, one a record.

Returns:
    u32 little-endian size and bytes of key, then of value, for every record; or, when a seal does not fit, the index of the
    first such record.)");
}

}  // namespace zg::py
