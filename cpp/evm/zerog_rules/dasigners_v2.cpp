// DASigners by the older chain's rules, version 2: signers register themselves, the chain begins epochs by height, and the first
// ballot of a registration is its signature. Source: docs/protocol/da.md §§3.4, 3.5.
//
// The older chain weighed signers by bonded delegation at the begin of an epoch. Delegation is another pillar's there; here the
// account's balance at that moment stands for it, as the registry of version 3 has it.
#include <algorithm>

#include "evm/zerog_rules/dasigners.hpp"
#include "evm/zerog_rules/slots.hpp"

namespace zg::evm::zerog_rules {

namespace {

using namespace da_signers;

constexpr uint64_t kTokensPerVote = 10;
constexpr uint64_t kNeuronPerToken = 1'000'000'000'000'000'000;
constexpr QuorumRules kQuorumRules{.encoded_slices = 3072, .quorums_max = 10, .votes_per_signer_max = 1024};
constexpr size_t kSignatureSize = 64;

uint64_t votes_of(Call& call, const Address& signer) {
  return (call.host.balance(signer) / U256(kNeuronPerToken) / U256(kTokensPerVote)).saturated_u64();
}

Ending params(Call& call) { return tell_params(call, kTokensPerVote, kQuorumRules, call.rules.da_epoch_blocks); }

// An epoch that has not begun is an error here, not zero quorums.
Ending quorum_count(Call& call) {
  const uint64_t epoch = call.arguments.number_u64(0);
  if (!call.arguments.ok()) return kMalformed;
  if (epoch > load_epoch(call)) return broken("epoch out of bound");
  call.output = AbiWriter().number(load(call, quorum_count_key(epoch))).take();
  return kDone;
}

Ending register_signer(Call& call) {
  SignerDetail signer;
  G1Words signature;
  if (!read_registration(call, signer, signature)) return kMalformed;
  if (call.caller != call.host.tx_origin()) return broken("sender not origin");
  if (call.caller != signer.signer) return broken("sender not signer");
  return enroll(call, signer, signature);
}

Ending register_next_epoch(Call& call) {
  const G1Words signature = read_g1(call.arguments, 0);
  if (!call.arguments.ok()) return kMalformed;
  if (call.caller != call.host.tx_origin()) return broken("sender not origin");
  const uint64_t votes = votes_of(call, call.caller);
  if (votes == 0) return broken("insufficient bonded");
  const Hash32 registration = registration_key(load_epoch(call) + 1, call.caller);
  const bool again = !load(call, registration).is_zero();
  const Ending entered = enter_next_epoch(call, call.caller, signature, U256(votes));
  if (entered.kind != Ending::done || again) return entered;
  uint8_t text[kSignatureSize];
  signature.x.to_be(text);
  signature.y.to_be(text + 32);
  ByteString(call.host, kDaSigners, registration).write({text, sizeof text});
  return kDone;
}

Ending begin_epoch_by_height(Call& call) {
  if (call.caller != kSystem || !begins_epoch(call.host.block_number(), call.rules)) return broken("unknown method");
  const uint64_t epoch = call.host.block_number() / call.rules.da_epoch_blocks;
  std::vector<RegisteredSigner> signers = registered_for(call, epoch);
  for (RegisteredSigner& one : signers) {
    const std::vector<uint8_t> text = ByteString(call.host, kDaSigners, registration_key(epoch, one.signer)).read();
    if (text.size() != kSignatureSize) return kCorrupt;
    one.registration = fixed_from<32>(text.data());
    one.rest = fixed_from<32>(text.data() + 32);
    one.votes = votes_of(call, one.signer);
  }
  begin_epoch(call, epoch, build_quorums(signers, kQuorumRules));
  return kDone;
}

constexpr Method kMethods[] = {
    {0xcff0ab96, 1000, false, params},
    {0xf4145a83, 1000, false, epoch_number},
    {0x5ecba503, 1000, false, quorum_count},
    {0x7df73e27, 10000, false, is_signer},
    {0xd1f5e5f8, 100000, false, get_signer},
    {0x6ab6f654, 100000, false, get_quorum},
    {0xfa6fcba6, 10000, false, get_quorum_row},
    {0x6c9e560c, 10000, false, registered_epoch},
    {0x50b73739, 1000000, false, get_aggregate_key},
    {0x7ca4dd5e, 100000, true, register_signer},
    {0x56a32372, 100000, true, register_next_epoch},
    {0x0cf4b767, 50000, true, update_socket},
    {0x5a889f0c, 100000, true, begin_epoch_by_height},  // kBeginEpochInput; fails for everybody but the chain itself
};

}  // namespace

const MethodTable kDaSignersV2Methods{kMethods, sizeof kMethods / sizeof kMethods[0]};

}  // namespace zg::evm::zerog_rules
