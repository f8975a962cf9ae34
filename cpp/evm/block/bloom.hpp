// Log blooms: 2048 bits, three for each address and topic, hashed in batches.
#pragma once

#include <vector>

#include "evm/types.hpp"

namespace zg::evm {

// Fills receipts[i].bloom from receipts[i].logs, and returns the union. All keccaks in one batch.
Bloom fill_blooms(std::vector<Receipt>& receipts);

// The bloom of one list of logs.
Bloom bloom_of(const std::vector<Log>& logs);

// False: no log of the block has this address or topic. True: perhaps.
bool bloom_may_contain(const Bloom& bloom, Bytes value);

}  // namespace zg::evm
