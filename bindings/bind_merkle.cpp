#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "merkle/proof/api.hpp"

namespace zg::py {

namespace {

using pybind11::object;

const merkle::Table& table_of(const std::string& backend) { return *unwrap(merkle::backend(backend)); }

pybind11::dict layout_dict(const merkle::FileLayout& layout) {
  pybind11::dict out;
  out["size_bytes"] = layout.size_bytes;
  out["sectors"] = layout.sectors;
  out["sectors_padded"] = layout.sectors_padded;
  out["segments"] = layout.segments;
  out["segments_padded"] = layout.segments_padded;
  pybind11::list nodes;
  for (const auto& node : layout.nodes) nodes.append(pybind11::make_tuple(node.height, node.first_sector));
  out["nodes"] = nodes;
  return out;
}

// Bytes and no array: numpy would take a small file's client longer to load than the file to send.
pybind11::bytes packed(const std::vector<Hash32>& digests) {
  return pybind11::bytes(reinterpret_cast<const char*>(digests.data()), 32 * digests.size());
}

pybind11::dict file_tree(const object& data, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ReadView input(data, "data");
  const merkle::FileTree tree = [&] {
    Outcome<merkle::FileTree> found = [&] {
      ReleaseAbove release(input.size());
      return merkle::file_tree(table, input.bytes());
    }();
    return unwrap(std::move(found));
  }();
  pybind11::dict out = layout_dict(tree.layout);
  out["root"] = to_bytes(as_bytes(tree.root));
  out["identity"] = to_bytes(as_bytes(tree.identity));
  out["segment_roots"] = packed(tree.segment_roots);
  out["node_roots"] = packed(tree.node_roots);
  return out;
}

pybind11::bytes segment_root(const object& data, size_t leaf_count, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ReadView input(data, "data");
  Outcome<Hash32> root = [&] {
    ReleaseAbove release(input.size());
    return merkle::segment_root(table, input.bytes(), leaf_count);
  }();
  return to_bytes(as_bytes(unwrap(std::move(root))));
}

object segment_roots(const object& data, const object& out, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ReadView input(data, "data");
  const size_t count = item_count(input, merkle::kSegmentSize, "data");
  const DigestsOut roots(out, count);
  roots.apart_from(input);
  {
    ReleaseAbove release(input.size());
    merkle::segment_roots(table, input.data(), count, roots.data());
  }
  return roots.object();
}

object sectors(const object& data, const object& out, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ReadView input(data, "data");
  const DigestsOut digests(out, (input.size() + merkle::kSectorSize - 1) / merkle::kSectorSize);
  digests.apart_from(input);
  {
    ReleaseAbove release(input.size());
    merkle::hash_sectors(table, input.bytes(), digests.data());
  }
  return digests.object();
}

object build(const object& leaves, const object& out, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ReadView input(leaves, "leaves");
  const size_t count = item_count(input, 32, "leaves");
  if (count == 0) raise(Status::bad_argument, "leaves: expected at least one");
  const DigestsOut nodes(out, merkle::tree_size(count));
  nodes.apart_from(input);
  {
    ReleaseAbove release(input.size());
    merkle::build_tree(table, input.data(), count, nodes.data());
  }
  return nodes.object();
}

object tree_roots(const object& leaves, const object& offsets, const object& out, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ReadView input(leaves, "leaves");
  const OffsetsIn bounds(offsets, item_count(input, 32, "leaves"));
  const DigestsOut roots(out, bounds.count());
  roots.apart_from(input);
  {
    ReleaseAbove release(input.size());
    merkle::tree_roots(table, input.data(), bounds.data(), bounds.count(), roots.data());
  }
  return roots.object();
}

pybind11::tuple make_proof(const object& nodes, size_t leaf_count, size_t index) {
  const ReadView input(nodes, "nodes");
  if (leaf_count == 0 || leaf_count > input.size() / 32 || input.size() != 32 * merkle::tree_size(leaf_count))
    raise(Status::bad_argument, "nodes: not the tree of " + std::to_string(leaf_count) + " leaves, found " + std::to_string(input.size()) + " bytes");
  if (index >= leaf_count)
    raise(Status::bad_argument, "index: expected below " + std::to_string(leaf_count) + ", found " + std::to_string(index));
  const size_t depth = merkle::proof_depth(leaf_count, index);
  const DigestsOut siblings(pybind11::none(), depth);
  pybind11::array_t<uint8_t> path(static_cast<pybind11::ssize_t>(depth));
  merkle::make_proof(input.data(), leaf_count, index, siblings.data(), path.mutable_data());
  return pybind11::make_tuple(siblings.object(), path);
}

// The inputs that fold and verify share, their sizes checked against one another.
struct ProofsIn {
  ReadView leaves, siblings, path;
  OffsetsIn offsets;

  ProofsIn(const object& leaves_in, const object& siblings_in, const object& path_in, const object& offsets_in)
      : leaves(leaves_in, "leaves"), siblings(siblings_in, "siblings"), path(path_in, "path"), offsets(offsets_in, path.size()) {
    if (item_count(siblings, 32, "siblings") != path.size())
      raise(Status::bad_argument, "path: expected one byte for each of " + std::to_string(siblings.size() / 32) + " siblings, found " + std::to_string(path.size()));
    if (item_count(leaves, 32, "leaves") != offsets.count())
      raise(Status::bad_argument, "offsets: expected " + std::to_string(leaves.size() / 32 + 1) + " items, found " + std::to_string(offsets.count() + 1));
  }
};

object fold(const object& leaves, const object& siblings, const object& path, const object& offsets, const object& out, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ProofsIn in(leaves, siblings, path, offsets);
  const DigestsOut roots(out, in.offsets.count());
  roots.apart_from(in.leaves);
  roots.apart_from(in.siblings);
  {
    ReleaseAbove release(in.siblings.size());
    merkle::fold_many(table, in.leaves.data(), in.siblings.data(), in.path.data(), in.offsets.data(), in.offsets.count(), roots.data());
  }
  return roots.object();
}

pybind11::array_t<bool> verify(const object& leaves, const object& siblings, const object& path, const object& offsets, const object& roots,
                               const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const ProofsIn in(leaves, siblings, path, offsets);
  const ReadView wanted(roots, "roots");
  const size_t count = in.offsets.count();
  if (wanted.size() != 32 && wanted.size() != 32 * count)
    raise(Status::bad_argument, "roots: expected one root or " + std::to_string(count) + ", found " + std::to_string(wanted.size()) + " bytes");
  pybind11::array_t<bool> ok(static_cast<pybind11::ssize_t>(count));
  uint8_t* verdicts = reinterpret_cast<uint8_t*>(ok.mutable_data());
  const size_t stride = wanted.size() == 32 * count && count != 1 ? 32 : 0;
  {
    ReleaseAbove release(in.siblings.size());
    merkle::verify_many(table, in.leaves.data(), in.siblings.data(), in.path.data(), in.offsets.data(), count, wanted.data(), stride, verdicts);
  }
  return ok;
}

uint64_t number_of(const pybind11::handle& object, const char* name) {
  try {
    return object.cast<uint64_t>();
  } catch (const pybind11::cast_error&) {
    raise(Status::bad_argument, std::string(name) + ": expected an integer from 0 to 2^64 - 1");
  }
}

Hash32 hash32_of(const pybind11::handle& object, const char* name) {
  const ReadView view(object, name);
  if (view.size() != 32) raise(Status::bad_argument, std::string(name) + ": expected 32 bytes, found " + std::to_string(view.size()));
  return fixed_from<32>(view.data());
}

pybind11::list verify_segments(const pybind11::sequence& proofs, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const size_t count = proofs.size();
  std::vector<std::vector<uint8_t>> lemmas(count), paths(count);
  std::vector<merkle::SegmentProof> views(count);
  for (size_t i = 0; i < count; ++i) {
    const pybind11::tuple item(proofs[i]);
    if (item.size() != 6) raise(Status::bad_argument, "proofs: expected (lemma, path, segment_index, file_size_bytes, file_root, segment_root)");
    const ReadView lemma(item[0], "lemma"), path(item[1], "path");
    lemmas[i].assign(lemma.data(), lemma.data() + lemma.size());
    paths[i].assign(path.data(), path.data() + path.size());
    views[i] = {as_bytes(lemmas[i]), as_bytes(paths[i]), number_of(item[2], "segment_index"), number_of(item[3], "file_size_bytes"),
                hash32_of(item[4], "file_root"), hash32_of(item[5], "segment_root")};
  }
  std::vector<merkle::ProofFault> faults(count);
  {
    pybind11::gil_scoped_release release;
    merkle::verify_segments(table, views.data(), count, faults.data());
  }
  pybind11::list out;
  for (const merkle::ProofFault fault : faults) out.append(pybind11::str(merkle::proof_fault_name(fault)));
  return out;
}

pybind11::list check_segments(const pybind11::sequence& segments, const std::string& backend) {
  const merkle::Table& table = table_of(backend);
  const size_t count = segments.size();
  std::vector<std::unique_ptr<ReadView>> held;  // the exporters, while the lock is released
  std::vector<merkle::ReceivedSegment> views(count);
  auto hold = [&](const pybind11::handle& object, const char* name) {
    held.push_back(std::make_unique<ReadView>(object, name));
    return held.back()->bytes();
  };
  for (size_t i = 0; i < count; ++i) {
    const pybind11::tuple item(segments[i]);
    if (item.size() != 6) raise(Status::bad_argument, "segments: expected (data, lemma, path, segment_index, file_size_bytes, file_root)");
    const Bytes data = hold(item[0], "data"), lemma = hold(item[1], "lemma"), path = hold(item[2], "path");
    views[i] = {data, lemma, path, number_of(item[3], "segment_index"), number_of(item[4], "file_size_bytes"), hash32_of(item[5], "file_root")};
  }
  std::vector<merkle::ProofFault> faults(count);
  {
    pybind11::gil_scoped_release release;
    merkle::check_segments(table, views.data(), count, faults.data());
  }
  pybind11::list out;
  for (const merkle::ProofFault fault : faults) out.append(pybind11::str(merkle::proof_fault_name(fault)));
  return out;
}

}  // namespace

void bind_merkle(pybind11::module_& m) {
  using pybind11::arg;
  const pybind11::none none;
  m.def("merkle_file_layout", [](uint64_t size_bytes) { return layout_dict(unwrap(merkle::file_layout(size_bytes))); }, arg("size_bytes"));
  m.def("merkle_file_tree", &file_tree, arg("data"), arg("backend") = "");
  m.def("merkle_segment_root", &segment_root, arg("data"), arg("leaf_count"), arg("backend") = "");
  m.def("merkle_segment_roots", &segment_roots, arg("data"), arg("out") = none, arg("backend") = "");
  m.def("merkle_sectors", &sectors, arg("data"), arg("out") = none, arg("backend") = "");
  m.def("merkle_build", &build, arg("leaves"), arg("out") = none, arg("backend") = "");
  m.def("merkle_tree_roots", &tree_roots, arg("leaves"), arg("offsets"), arg("out") = none, arg("backend") = "");
  m.def("merkle_proof", &make_proof, arg("nodes"), arg("leaf_count"), arg("index"));
  m.def("merkle_fold", &fold, arg("leaves"), arg("siblings"), arg("path"), arg("offsets"), arg("out") = none, arg("backend") = "");
  m.def("merkle_verify", &verify, arg("leaves"), arg("siblings"), arg("path"), arg("offsets"), arg("roots"), arg("backend") = "");
  m.def("merkle_verify_segments", &verify_segments, arg("proofs"), arg("backend") = "");
  m.def("merkle_check_segments", &check_segments, arg("segments"), arg("backend") = "");
  m.def(
      "merkle_zero_root",
      [](unsigned height) {
        if (height > 63) raise(Status::bad_argument, "height: expected at most 63, found " + std::to_string(height));
        return to_bytes(as_bytes(merkle::zero_root(height)));
      },
      arg("height"));
}

}  // namespace zg::py
