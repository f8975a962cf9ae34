#include "bind.hpp"
#include "buffers.hpp"
#include "txpool/decode.hpp"

namespace zg::py {

namespace pyb = pybind11;

namespace {

pyb::list decode_transactions(const pyb::list& raws) {
  std::vector<std::unique_ptr<ReadView>> views;
  std::vector<Bytes> inputs;
  for (const pyb::handle& raw : raws) {
    views.push_back(std::make_unique<ReadView>(raw, "raws"));
    inputs.push_back(views.back()->bytes());
  }
  std::vector<txpool::Decoded> decoded;
  {
    const pyb::gil_scoped_release release;
    decoded = txpool::decode_many(inputs.data(), inputs.size());
  }
  pyb::list out;
  for (const txpool::Decoded& item : decoded) {
    if (item.ok()) out.append(pyb::make_tuple(to_bytes(as_bytes(item.transaction.hash)), to_bytes(as_bytes(item.transaction.sender))));
    else out.append(pyb::str(item.error));
  }
  return out;
}

}  // namespace

void bind_chain(pyb::module_& m) {
  m.def("decode_transactions", &decode_transactions, pyb::arg("raws"), R"(Decode transactions strictly and recover their senders in one batch.

Args:
    raws: wire bytes, one buffer a transaction.

Returns:
    One entry an input, in order: (hash, sender), or the text of what is wrong with it.

Cost: one signature recovery a transaction on all cores; lock released.)");
}

}  // namespace zg::py
