#include "bind.hpp"

PYBIND11_MODULE(_native, m) {
  m.doc() = "Native heart of zerog. Use zerog.primitives and the packages above it.";
  m.attr("__version__") = ZEROG_VERSION;
  zg::py::bind_backend(m);
  zg::py::bind_hash(m);
  zg::py::bind_merkle(m);
  zg::py::bind_flow(m);
  zg::py::bind_pora(m);
  zg::py::bind_erasure(m);
  zg::py::bind_field(m);
  zg::py::bind_blob(m);
  zg::py::bind_commit(m);
  zg::py::bind_sig(m);
  zg::py::bind_bls(m);
  zg::py::bind_store(m);
  zg::py::bind_rlp(m);
  zg::py::bind_state(m);
  zg::py::bind_evm(m);
  zg::py::bind_precompiles(m);
  zg::py::bind_chain(m);
  zg::py::bind_batching(m);
  zg::py::bind_engine(m);
  zg::py::bind_device(m);
}
