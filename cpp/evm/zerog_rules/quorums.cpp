#include "evm/zerog_rules/quorums.hpp"

#include <algorithm>
#include <cstring>

#include "hash/keccak256/api.hpp"

namespace zg::evm::zerog_rules {

namespace {

struct Ballot {
  Hash32 value;
  uint32_t signer, number;
};

// As strings of bytes: the first ballots of version 2 are longer than the others.
struct Before {
  const std::vector<RegisteredSigner>& signers;
  bool operator()(const Ballot& a, const Ballot& b) const {
    int order = std::memcmp(a.value.b, b.value.b, 32);
    if (order != 0) return order < 0;
    const bool a_long = a.number == 0 && signers[a.signer].rest, b_long = b.number == 0 && signers[b.signer].rest;
    if (a_long != b_long) return b_long;
    if (a_long) order = std::memcmp(signers[a.signer].rest->b, signers[b.signer].rest->b, 32);
    if (order != 0) return order < 0;
    return a.signer != b.signer ? a.signer < b.signer : a.number < b.number;
  }
};

// The smallest `limit` ballots seen, in twice the room.
class Smallest {
 public:
  Smallest(size_t limit, Before before) : limit_(limit), before_(before) {}
  void add(const Ballot& ballot) {
    kept_.push_back(ballot);
    if (kept_.size() >= 2 * limit_ + 64) cut();
  }
  std::vector<Ballot> sorted() {
    cut();
    std::sort(kept_.begin(), kept_.end(), before_);
    return std::move(kept_);
  }

 private:
  void cut() {
    if (kept_.size() <= limit_) return;
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(limit_), kept_.end(), before_);
    kept_.resize(limit_);
  }
  size_t limit_;
  Before before_;
  std::vector<Ballot> kept_;
};

}  // namespace

std::vector<std::vector<Address>> build_quorums(const std::vector<RegisteredSigner>& signers, const QuorumRules& rules) {
  const size_t rows = rules.encoded_slices, quorums_max = rules.quorums_max;
  // Only the ballots that fill whole quorums matter; the tail quorum is formed only when there are fewer than that.
  Smallest smallest(rows * quorums_max, Before{signers});
  uint64_t total = 0;

  // Chains of hashes side by side: a finished chain makes room for the next signer.
  constexpr size_t kLanes = 8;
  struct Chain {
    uint32_t signer;
    uint64_t next, votes;
  };
  std::vector<Chain> chains;
  std::vector<Hash32> values;
  size_t waiting = 0;
  auto refill = [&] {
    while (chains.size() < kLanes && waiting < signers.size()) {
      const RegisteredSigner& s = signers[waiting];
      const uint64_t votes = std::min(s.votes, rules.votes_per_signer_max);
      if (votes > 0) {
        chains.push_back({static_cast<uint32_t>(waiting), 0, votes});
        values.push_back(s.registration);
        total += votes;
      }
      ++waiting;
    }
  };
  for (refill(); !chains.empty(); refill()) {
    for (size_t i = 0; i < chains.size();) {
      Chain& chain = chains[i];
      smallest.add({values[i], chain.signer, static_cast<uint32_t>(chain.next)});
      if (++chain.next < chain.votes) {
        ++i;
        continue;
      }
      chain = chains.back();
      values[i] = values.back();
      chains.pop_back();
      values.pop_back();
      // The chain moved here has not had its turn: it is the next one looked at.
    }
    std::vector<Fixed<64>> previous(values.size());
    std::vector<Bytes> inputs(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      std::memcpy(previous[i].b, values[i].b, 32);
      const std::optional<Hash32>& rest = signers[chains[i].signer].rest;
      const bool is_long = chains[i].next == 1 && rest;
      if (is_long) std::memcpy(previous[i].b + 32, rest->b, 32);
      inputs[i] = {previous[i].b, is_long ? size_t{64} : size_t{32}};
    }
    if (!inputs.empty()) keccak256::hash_many(inputs.data(), inputs.size(), values[0].b);
  }

  const std::vector<Ballot> ballots = smallest.sorted();
  auto signer_at = [&](size_t i) { return signers[ballots[i].signer].signer; };
  std::vector<std::vector<Address>> quorums;
  auto cut = [&](size_t from) {
    std::vector<Address> quorum(rows);
    for (size_t i = 0; i < rows; ++i) quorum[i] = signer_at((from + i) % ballots.size());
    quorums.push_back(std::move(quorum));
  };
  if (total >= rows) {
    for (size_t from = 0; from + rows <= ballots.size() && quorums.size() < quorums_max; from += rows) cut(from);
    if (total % rows != 0 && quorums.size() < quorums_max) cut(ballots.size() - rows);
  } else if (total > 0) {
    cut(0);
  }
  return quorums;
}

}  // namespace zg::evm::zerog_rules
