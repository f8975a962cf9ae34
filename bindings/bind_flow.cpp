// The flow's tree. Its state is touched only with the interpreter lock held; bytes are hashed without it.
#include <cstring>
#include <string>
#include <vector>

#include "bind.hpp"
#include "buffers.hpp"
#include "gil.hpp"
#include "merkle/append/api.hpp"

namespace zg::py {

namespace {

using merkle::FlowTree;
using pybind11::object;

Hash32 hash_of(const pybind11::handle& value, const char* name) {
  const ReadView view(value, name);
  if (view.size() != 32) raise(Status::bad_argument, std::string(name) + ": expected 32 bytes, found " + std::to_string(view.size()));
  return fixed_from<32>(view.data());
}

std::vector<Hash32> hashes_of(const pybind11::handle& value, const char* name) {
  const ReadView view(value, name);
  if (view.size() % 32 != 0) raise(Status::bad_argument, std::string(name) + ": expected hashes of 32 bytes, found " + std::to_string(view.size()) + " bytes");
  std::vector<Hash32> out(view.size() / 32);
  if (!out.empty()) std::memcpy(out.data(), view.data(), view.size());
  return out;
}

pybind11::bytes bytes_of(const Hash32& hash) { return to_bytes(as_bytes(hash)); }

pybind11::tuple submission_tuple(const FlowTree::Submission& submission) {
  return pybind11::make_tuple(submission.start, submission.length, bytes_of(submission.flow_root));
}

pybind11::tuple submit(FlowTree& tree, const pybind11::sequence& nodes) {
  std::vector<FlowTree::Node> list;
  for (const pybind11::handle item : nodes) {
    const auto pair = pybind11::reinterpret_borrow<pybind11::object>(item).cast<pybind11::tuple>();
    if (pair.size() != 2) raise(Status::bad_argument, "nodes: expected (root, height)");
    const auto height = pair[1].cast<long>();
    if (height < 0 || height > 56) raise(Status::bad_argument, "nodes: expected heights from 0 to 56, found " + std::to_string(height));
    list.push_back({static_cast<unsigned>(height), hash_of(pair[0], "root")});
  }
  return submission_tuple(unwrap(tree.submit(list.data(), list.size())));
}

object known(const FlowTree& tree, uint64_t sector) {
  const auto found = tree.known(sector);
  if (!found) return pybind11::none();
  return pybind11::make_tuple(found->height, found->index, bytes_of(found->root));
}

object prove(const FlowTree& tree, unsigned height, uint64_t index, uint64_t length, const object& data) {
  std::vector<uint8_t> inner;
  unsigned inner_height = 0;
  if (!data.is_none()) {
    const ReadView view(data, "data");
    const auto lowest = height > 63 || index > merkle::kFlowSectorsMax >> height ? std::nullopt : tree.known(index << height);
    if (lowest && lowest->height > height && lowest->height <= merkle::kSegmentHeight) {
      inner_height = lowest->height;
      const size_t leaf_count = size_t{1} << inner_height;
      if (view.size() > leaf_count * merkle::kSectorSize)
        raise(Status::bad_argument, "data: expected at most " + std::to_string(leaf_count * merkle::kSectorSize) + " bytes, found " + std::to_string(view.size()));
      const merkle::Table& table = *unwrap(merkle::backend(""));
      ReleaseAbove release(view.size());
      inner.resize(32 * merkle::tree_size(leaf_count));
      merkle::hash_sectors(table, view.bytes(), inner.data());
      for (size_t i = (view.size() + merkle::kSectorSize - 1) / merkle::kSectorSize; i < leaf_count; ++i)
        std::memcpy(inner.data() + 32 * i, merkle::zero_root(0).b, 32);
      merkle::build_tree(table, inner.data(), leaf_count, inner.data());
    }
  }
  const auto proof = unwrap(tree.prove(height, index, length, inner.empty() ? nullptr : inner.data(), inner_height));
  if (!proof) return pybind11::none();
  pybind11::list siblings, path;
  for (const Hash32& sibling : proof->siblings) siblings.append(bytes_of(sibling));
  for (const uint8_t side : proof->path) path.append(pybind11::bool_(side != 0));
  return pybind11::make_tuple(bytes_of(proof->leaf), siblings, path, bytes_of(proof->root));
}

pybind11::list take_rows(FlowTree& tree) {
  pybind11::list out;
  for (const FlowTree::Row& row : tree.take_rows()) {
    object value = pybind11::none();
    if (!row.is_erased) value = to_bytes(as_bytes(row.value));
    out.append(pybind11::make_tuple(to_bytes(as_bytes(row.key)), value));
  }
  return out;
}

void load_rows(FlowTree& tree, const pybind11::iterable& rows) {
  for (const pybind11::handle item : rows) {
    const auto pair = pybind11::reinterpret_borrow<pybind11::object>(item).cast<pybind11::tuple>();
    if (pair.size() != 2) raise(Status::bad_argument, "rows: expected (key, value)");
    const ReadView key(pair[0], "key"), value(pair[1], "value");
    unwrap(tree.load_row(key.bytes(), value.bytes()));
  }
}

}  // namespace

void bind_flow(pybind11::module_& m) {
  using pybind11::arg;
  pybind11::class_<FlowTree>(m, "FlowTree", "The tree of the storage network's flow; zerog.primitives.merkle.FlowTree documents it.")
      .def(pybind11::init<>())
      .def_property_readonly("length", &FlowTree::length)
      .def_property_readonly("root", [](const FlowTree& tree) { return bytes_of(tree.root()); })
      .def_property_readonly("submission_count", [](const FlowTree& tree) { return tree.submissions().size(); })
      .def_property_readonly("node_count", &FlowTree::node_count)
      .def(
          "submission",
          [](const FlowTree& tree, size_t number) {
            if (number >= tree.submissions().size())
              raise(Status::bad_argument, "number: expected below " + std::to_string(tree.submissions().size()) + ", found " + std::to_string(number));
            return submission_tuple(tree.submissions()[number]);
          },
          arg("number"))
      .def("submit", &submit, arg("nodes"))
      .def(
          "revert", [](FlowTree& tree, uint64_t length) { return unwrap(tree.revert(length)); }, arg("length"))
      .def(
          "root_at", [](const FlowTree& tree, uint64_t length) { return bytes_of(unwrap(tree.root_at(length))); }, arg("length"))
      .def("known", &known, arg("sector"))
      .def(
          "fill_segments",
          [](FlowTree& tree, uint64_t first, const object& roots) {
            const std::vector<Hash32> list = hashes_of(roots, "roots");
            return unwrap(tree.fill_segments(first, list.data(), list.size()));
          },
          arg("first"), arg("roots"))
      .def(
          "fill_proof",
          [](FlowTree& tree, uint64_t segment, const object& root, const object& siblings, const object& path) {
            const std::vector<Hash32> list = hashes_of(siblings, "siblings");
            const ReadView sides(path, "path");
            if (sides.size() != list.size()) raise(Status::bad_argument, "path: expected one byte for each sibling");
            return unwrap(tree.fill_proof(segment, hash_of(root, "root"), list.data(), sides.data(), list.size()));
          },
          arg("segment"), arg("root"), arg("siblings"), arg("path"))
      .def("prove", &prove, arg("height"), arg("index"), arg("length"), arg("data") = pybind11::none())
      .def("take_rows", &take_rows)
      .def("load_rows", &load_rows, arg("rows"))
      .def("finish_load", [](FlowTree& tree) { return unwrap(tree.finish_load()); });
  m.def(
      "merkle_place",
      [](uint64_t length, const pybind11::sequence& heights) {
        std::vector<unsigned> list;
        for (const pybind11::handle height : heights) list.push_back(height.cast<unsigned>());
        const merkle::Placement placed = unwrap(merkle::place(length, list.data(), list.size()));
        pybind11::list positions;
        for (const uint64_t position : placed.positions) positions.append(position);
        return pybind11::make_tuple(positions, placed.length);
      },
      arg("length"), arg("heights"));
}

}  // namespace zg::py
