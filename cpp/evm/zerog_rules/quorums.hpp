// How the signers registered for an epoch become quorums.
#pragma once

#include <optional>
#include <vector>

#include "common/digest.hpp"

namespace zg::evm::zerog_rules {

struct QuorumRules {
  size_t encoded_slices = 3072;          // rows of a quorum
  size_t quorums_max = 10;
  uint64_t votes_per_signer_max = 102400;
};

struct RegisteredSigner {
  Address signer;
  Hash32 registration;  // keccak256 of the registration signature: the value of the first ballot
  uint64_t votes;       // capped here
  // Version 2, whose first ballot is the signature itself: its x is `registration`, its y is here.
  std::optional<Hash32> rest = std::nullopt;
};

// One list of `encoded_slices` rows a quorum. Ballot j of a signer has the registration hash hashed j times as its value; all
// ballots in ascending order of value (ties: in order of registration) are cut into consecutive quorums; a remainder gives
// one more quorum out of the last `encoded_slices` ballots while there is room; fewer ballots than rows repeat cyclically.
//
// Cost: one keccak256 a ballot, several signers at a time; memory for at most twice the ballots that can matter.
std::vector<std::vector<Address>> build_quorums(const std::vector<RegisteredSigner>& signers, const QuorumRules& rules);

}  // namespace zg::evm::zerog_rules
