// The flow tree from rows of a broken store, and from submissions and fillings of strangers: refused or true, never a crash.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "merkle/append/api.hpp"

using namespace zg;
using merkle::FlowTree;

namespace {

struct Reader {
  const uint8_t* at;
  size_t left;

  uint8_t byte() {
    if (left == 0) return 0;
    --left;
    return *at++;
  }
  uint64_t number(size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(byte()) << (8 * i);
    return value;
  }
  Hash32 hash() {
    Hash32 out{};
    out.b[0] = byte();
    out.b[31] = byte();
    return out;
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

// A tree whose rows are loaded is the same tree.
void require_same(const std::vector<FlowTree::Row>& rows, const FlowTree& tree) {
  FlowTree loaded;
  for (const FlowTree::Row& row : rows) {
    if (row.is_erased) return;  // a store would have applied it
    require(loaded.load_row(as_bytes(row.key), as_bytes(row.value)).ok());
  }
  require(loaded.finish_load().ok());
  require(loaded.root() == tree.root() && loaded.length() == tree.length() && loaded.node_count() == tree.node_count());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader reader{data, size};
  FlowTree tree;
  std::vector<FlowTree::Row> taken;
  bool was_reverted = false;
  while (reader.left != 0) {
    switch (reader.byte() % 6) {
      case 0:
      case 1: {
        std::vector<FlowTree::Node> nodes(reader.byte() % 5);
        for (FlowTree::Node& node : nodes) node = {reader.byte() % 60u, reader.hash()};
        const uint64_t before = tree.length();
        const auto done = tree.submit(nodes.data(), nodes.size());
        require(done.ok() ? done->start >= before && done->length > done->start : tree.length() == before);
        break;
      }
      case 2: {
        std::vector<Hash32> roots(reader.byte() % 9);
        for (Hash32& root : roots) root = reader.hash();
        const auto done = tree.fill_segments(reader.number(reader.byte() % 9), roots.data(), roots.size());
        require(done.ok() || done.failure().status != Status::internal);
        break;
      }
      case 3: {
        std::vector<Hash32> siblings(reader.byte() % 9);
        std::vector<uint8_t> path(siblings.size());
        for (size_t i = 0; i < siblings.size(); ++i) {
          siblings[i] = reader.hash();
          path[i] = reader.byte() % 2;
        }
        const uint64_t segment = reader.number(reader.byte() % 9);
        const auto done = tree.fill_proof(segment, reader.hash(), siblings.data(), path.data(), siblings.size());
        require(done.ok() || done.failure().status != Status::internal);
        break;
      }
      case 4: {
        const auto& submissions = tree.submissions();
        const uint64_t length = submissions.empty() || reader.byte() % 4 == 0 ? reader.number(3) : submissions[reader.byte() % submissions.size()].length;
        if (const auto dropped = tree.revert(length); dropped.ok()) {
          require(tree.length() == length);
          was_reverted = was_reverted || *dropped != 0;
        }
        break;
      }
      default: {
        const unsigned height = reader.byte() % 12;
        const uint64_t index = reader.number(reader.byte() % 9);
        const auto proof = tree.prove(height, index, tree.length(), nullptr, 0);
        require(proof.ok() || proof.failure().status != Status::internal);
        if (proof.ok() && *proof) require((*proof)->root == tree.root() && (*proof)->siblings.size() == (*proof)->path.size());
      }
    }
    require(*tree.root_at(tree.length()) == tree.root());
  }
  for (FlowTree::Row& row : tree.take_rows()) taken.push_back(std::move(row));
  if (!was_reverted) require_same(taken, tree);

  // The same bytes as rows of a store.
  FlowTree broken;
  Reader rows{data, size};
  bool is_good = true;
  while (rows.left != 0 && is_good) {
    std::vector<uint8_t> key(rows.byte() % 12), value(rows.byte() % 50);
    for (uint8_t& byte : key) byte = rows.byte();
    for (uint8_t& byte : value) byte = rows.byte();
    is_good = broken.load_row(as_bytes(key), as_bytes(value)).ok();
  }
  if (is_good && broken.finish_load().ok()) require(*broken.root_at(broken.length()) == broken.root());
  return 0;
}
