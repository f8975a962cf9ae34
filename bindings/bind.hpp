// One function a family; module.cpp calls each.
#pragma once

#include <pybind11/pybind11.h>

namespace zg::py {

void bind_backend(pybind11::module_& m);
void bind_hash(pybind11::module_& m);
void bind_merkle(pybind11::module_& m);
void bind_flow(pybind11::module_& m);
void bind_pora(pybind11::module_& m);
void bind_erasure(pybind11::module_& m);
void bind_field(pybind11::module_& m);
void bind_blob(pybind11::module_& m);
void bind_commit(pybind11::module_& m);
void bind_sig(pybind11::module_& m);
void bind_bls(pybind11::module_& m);
void bind_store(pybind11::module_& m);
void bind_rlp(pybind11::module_& m);
void bind_state(pybind11::module_& m);
void bind_evm(pybind11::module_& m);
void bind_precompiles(pybind11::module_& m);
void bind_chain(pybind11::module_& m);
void bind_batching(pybind11::module_& m);
void bind_engine(pybind11::module_& m);
void bind_device(pybind11::module_& m);

}  // namespace zg::py
