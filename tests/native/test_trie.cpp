#include "check.hpp"
#include "common/digest.hpp"
#include "state/reader.hpp"
#include "state/trie/api.hpp"

using namespace zg;

namespace {

void known_roots() {
  CHECK(state::sorted_root(nullptr, nullptr, 0) == state::kEmptyTrieRoot);
  CHECK(state::ordered_root(nullptr, 0) == state::kEmptyTrieRoot);
  const Bytes keys[] = {as_bytes("doe"), as_bytes("dog"), as_bytes("dogglesworth")};
  const Bytes values[] = {as_bytes("reindeer"), as_bytes("puppy"), as_bytes("cat")};
  CHECK(to_hex(as_bytes(state::sorted_root(keys, values, 3))) == "8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3");
  const Bytes branch_keys[] = {as_bytes("do"), as_bytes("dog"), as_bytes("doge"), as_bytes("horse")};
  const Bytes branch_values[] = {as_bytes("verb"), as_bytes("puppy"), as_bytes("coin"), as_bytes("stallion")};
  CHECK(to_hex(as_bytes(state::sorted_root(branch_keys, branch_values, 4))) ==
        "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
}

}  // namespace

int main() {
  known_roots();
  return check_report();
}
