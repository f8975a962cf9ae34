// The wrapped-0G base: minting and burning of native balance for the wrapped token, by minter and cap.
#include "evm/zerog_rules/contracts.hpp"
#include "evm/zerog_rules/records.hpp"
#include "evm/zerog_rules/slots.hpp"

namespace zg::evm::zerog_rules {

namespace {

constexpr Ending kCorrupt = broken("stored value does not decode");

// A minter nobody has capped has zeros.
bool load_supply(Call& call, const Address& minter, MinterSupply& out) {
  const ByteString stored(call.host, kWrappedBase, supply_key(minter));
  out = {};
  return stored.size() == 0 || decode_supply(as_bytes(stored.read()), out);
}

void store_supply(Call& call, const Address& minter, const MinterSupply& supply) {
  ByteString(call.host, kWrappedBase, supply_key(minter)).write(as_bytes(encode_supply(supply)));
}

Ending get_wrapped_token(Call& call) {
  call.output = AbiWriter().address(kWrappedToken).take();
  return kDone;
}

Ending minter_supply(Call& call) {
  const Address minter = call.arguments.address(0);
  if (!call.arguments.ok()) return kMalformed;
  MinterSupply supply;
  if (!load_supply(call, minter, supply)) return kCorrupt;
  call.output = AbiWriter().number(supply.cap).number(supply.initial_supply).number(supply.supply).take();
  return kDone;
}

Ending mint(Call& call) {
  const Address minter = call.arguments.address(0);
  const U256 amount = call.arguments.number(1);
  if (!call.arguments.ok()) return kMalformed;
  if (call.caller != kWrappedToken) return broken("sender is not WA0GI");
  MinterSupply supply;
  if (!load_supply(call, minter, supply)) return kCorrupt;
  if (add_carry(supply.supply, amount, supply.supply) || supply.supply > supply.cap) return broken("insufficient mint cap");
  U256 balance;
  if (add_carry(call.host.balance(kWrappedToken), amount, balance)) return broken("WA0GI balance overflow");
  store_supply(call, minter, supply);
  call.host.set_balance(kWrappedToken, balance);
  return kDone;
}

Ending burn(Call& call) {
  const Address minter = call.arguments.address(0);
  const U256 amount = call.arguments.number(1);
  if (!call.arguments.ok()) return kMalformed;
  if (call.caller != kWrappedToken) return broken("sender is not WA0GI");
  MinterSupply supply;
  if (!load_supply(call, minter, supply)) return kCorrupt;
  if (supply.supply < amount) return broken("insufficient mint supply");
  const U256 balance = call.host.balance(kWrappedToken);
  if (balance < amount) return broken("WA0GI balance insufficient");
  supply.supply -= amount;
  call.host.set_balance(kWrappedToken, balance - amount);
  store_supply(call, minter, supply);
  return kDone;
}

Ending set_minter_cap(Call& call) {
  const Address minter = call.arguments.address(0);
  const U256 cap = call.arguments.number(1), initial = call.arguments.number(2);
  if (!call.arguments.ok()) return kMalformed;
  if (call.caller != kAgency) return broken("sender is not agency");
  MinterSupply supply;
  if (!load_supply(call, minter, supply)) return kCorrupt;
  // The supply follows the change of the initial supply, within 0 and 2^256 - 1.
  if (initial < supply.initial_supply) {
    const U256 less = supply.initial_supply - initial;
    supply.supply = supply.supply < less ? U256() : supply.supply - less;
  } else if (add_carry(supply.supply, initial - supply.initial_supply, supply.supply)) {
    supply.supply = U256::max();
  }
  supply.cap = cap;
  supply.initial_supply = initial;
  store_supply(call, minter, supply);
  return kDone;
}

constexpr Method kMethods[] = {
    {0xa9283a7a, 5000, false, get_wrapped_token},
    {0x95609212, 10000, false, minter_supply},
    {0x40c10f19, 100000, true, mint},
    {0x9dc29fac, 100000, true, burn},
    {0xdddba6c8, 100000, true, set_minter_cap},
};

}  // namespace

const MethodTable kWrappedBaseMethods{kMethods, sizeof kMethods / sizeof kMethods[0]};

}  // namespace zg::evm::zerog_rules
