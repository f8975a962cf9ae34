// What both versions of DASigners have: the signers, the quorums and how they are read, and what registering does.
#pragma once

#include <optional>

#include "evm/zerog_rules/contracts.hpp"
#include "evm/zerog_rules/quorums.hpp"
#include "evm/zerog_rules/records.hpp"
#include "evm/zerog_rules/signature.hpp"

namespace zg::evm::zerog_rules::da_signers {

inline constexpr Ending kSignerNotFound = broken("signer not found");
inline constexpr Ending kCorrupt = broken("stored value does not decode");

// A plain slot of the precompile's account.
U256 load(Call& call, const Hash32& key);
void store(Call& call, const Hash32& key, const U256& value);
uint64_t load_epoch(Call& call);

// The arguments of registerSigner, and of one point. False when they are malformed.
bool read_registration(Call& call, SignerDetail& signer, G1Words& signature);
G1Words read_g1(AbiReader& from, size_t index);

// Registers a signer, whose right to it the caller has checked.
Ending enroll(Call& call, const SignerDetail& signer, const G1Words& signature);
// Takes part in the next epoch. A second registration changes nothing.
Ending enter_next_epoch(Call& call, const Address& account, const G1Words& signature, const U256& votes);
// Everybody registered for an epoch, in order of registration, with the hash of their signatures and their votes then.
std::vector<RegisteredSigner> registered_for(Call& call, uint64_t epoch);
// The epoch begins in this block, with these quorums.
void begin_epoch(Call& call, uint64_t epoch, const std::vector<std::vector<Address>>& quorums);
Ending tell_params(Call& call, uint64_t tokens_per_vote, const QuorumRules& rules, uint64_t epoch_blocks);

// Methods that are the same in both versions.
Ending epoch_number(Call& call);
Ending is_signer(Call& call);
Ending get_signer(Call& call);
Ending get_quorum(Call& call);
Ending get_quorum_row(Call& call);
Ending registered_epoch(Call& call);
Ending get_aggregate_key(Call& call);
Ending update_socket(Call& call);

}  // namespace zg::evm::zerog_rules::da_signers
