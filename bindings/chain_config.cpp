// A chain's rules and first state, from geth-style JSON and from Python's dictionaries.
#include "chain.hpp"

namespace zg::py {

namespace pyb = pybind11;

pyb::object item_of(const pyb::dict& dict, const char* key) {
  return dict.contains(key) ? pyb::reinterpret_borrow<pyb::object>(dict[key]) : pyb::none();
}

namespace {

void check_blob_schedule(const pyb::dict& config) {
  const pyb::object schedule = item_of(config, "blobSchedule");
  if (schedule.is_none()) return;
  const std::pair<const char*, evm::Fork> forks[] = {{"cancun", evm::Fork::cancun}, {"prague", evm::Fork::prague}};
  for (const auto& [name, fork] : forks) {
    const pyb::object entry = item_of(schedule.cast<pyb::dict>(), name);
    if (entry.is_none()) continue;
    const pyb::dict fields = entry.cast<pyb::dict>();
    const evm::BlobSchedule ours = evm::blob_schedule(fork);
    const auto stands = [&](const char* key, uint64_t value) {
      const pyb::object given = item_of(fields, key);
      return given.is_none() || to_u64(given, key) == value;
    };
    if (!stands("target", ours.target_gas / 131072) || !stands("max", ours.max_gas / 131072) ||
        !stands("baseFeeUpdateFraction", ours.update_fraction))
      raise(Status::bad_argument, std::string("config.blobSchedule.") + name + ": only the fork's own schedule is supported");
  }
}

// Which rules DASigners has: {"version": 3}, or {"version": 2, "epochBlocks": blocks of an epoch}.
void parse_da_signers(const pyb::dict& fields, evm::ChainConfig& config) {
  for (const auto& [key, value] : fields) {
    const std::string name = key.cast<std::string>();
    if (name == "version") {
      const uint64_t version = to_u64(value, "config.zerog.daSigners.version");
      if (version != 2 && version != 3) raise(Status::bad_argument, "config.zerog.daSigners.version: expected 2 or 3");
      config.da_signers_version = static_cast<unsigned>(version);
    } else if (name == "epochBlocks") {
      config.da_epoch_blocks = to_u64(value, "config.zerog.daSigners.epochBlocks");
      if (config.da_epoch_blocks == 0) raise(Status::bad_argument, "config.zerog.daSigners.epochBlocks: expected at least 1");
    } else {
      raise(Status::bad_argument, "config.zerog.daSigners." + name + ": unknown setting");
    }
  }
  if (config.da_signers_version == 3 && fields.contains("epochBlocks"))
    raise(Status::bad_argument, "config.zerog.daSigners.epochBlocks: only version 2 has epochs by height");
}

}  // namespace

evm::ChainConfig parse_config(const pyb::bytes& text) {
  pyb::dict root;
  try {
    root = pyb::module_::import("json").attr("loads")(text).cast<pyb::dict>();
  } catch (const std::exception& error) {
    raise(Status::bad_argument, std::string("config: expected a JSON object: ") + error.what());
  }
  evm::ChainConfig config;
  if (!root.contains("chainId")) raise(Status::bad_argument, "config.chainId is missing");
  config.chain_id = to_u64(root["chainId"], "config.chainId");
  const pyb::object cancun = item_of(root, "cancunTime"), prague = item_of(root, "pragueTime");
  if (!cancun.is_none() && to_u64(cancun, "config.cancunTime") != 0) raise(Status::bad_argument, "config.cancunTime: expected 0");
  config.prague_time = prague.is_none() ? UINT64_MAX : to_u64(prague, "config.pragueTime");
  if (!item_of(root, "osakaTime").is_none()) raise(Status::bad_argument, "config.osakaTime: this fork is not supported");
  if (const pyb::object bridge = item_of(root, "bridgeForkTime"); !bridge.is_none()) {
    config.bridge_time = to_u64(bridge, "config.bridgeForkTime");
    if (config.bridge_time < config.prague_time) raise(Status::bad_argument, "config.bridgeForkTime: expected pragueTime or later");
  }
  check_blob_schedule(root);
  const pyb::object deposit = item_of(root, "depositContractAddress");
  if (!deposit.is_none()) {
    const auto bytes = from_hex(deposit.cast<std::string>());
    if (!bytes || bytes->size() != 20) raise(Status::bad_argument, "config.depositContractAddress: expected 20 bytes in hex");
    config.deposit_contract = fixed_from<20>(bytes->data());
  }
  const pyb::object zerog = item_of(root, "zerog");
  if (zerog.is_none()) {  // plain Ethereum
    config.gas_floor_percent = 0;
    config.zerog_precompiles = config.repeated_timestamps = false;
    config.gas_limit_min = 5000;
    config.requests_required = true;
    config.staking_time = UINT64_MAX;
    return config;
  }
  const pyb::dict rules = zerog.cast<pyb::dict>();
  for (const auto& [key, value] : rules) {
    const std::string name = key.cast<std::string>();
    if (name == "gasFloorPercent") {
      const uint64_t percent = to_u64(value, "config.zerog.gasFloorPercent");
      if (percent > 100) raise(Status::bad_argument, "config.zerog.gasFloorPercent: expected at most 100");
      config.gas_floor_percent = static_cast<unsigned>(percent);
    } else if (name == "precompiles") {
      config.zerog_precompiles = value.cast<bool>();
    } else if (name == "repeatedTimestamps") {
      config.repeated_timestamps = value.cast<bool>();
    } else if (name == "gasLimitMin") {
      config.gas_limit_min = to_u64(value, "config.zerog.gasLimitMin");
    } else if (name == "stakingForkTime") {
      config.staking_time = to_u64(value, "config.zerog.stakingForkTime");
    } else if (name == "daSigners") {
      if (!pyb::isinstance<pyb::dict>(value)) raise(Status::bad_argument, "config.zerog.daSigners: expected an object");
      parse_da_signers(value.cast<pyb::dict>(), config);
    } else {
      raise(Status::bad_argument, "config.zerog." + name + ": unknown setting");
    }
  }
  return config;
}

evm::Genesis parse_genesis(const pyb::dict& fields) {
  evm::Genesis genesis;
  pyb::dict alloc;
  for (const auto& [key, value] : fields) {
    const std::string name = key.cast<std::string>();
    if (name == "timestamp") genesis.timestamp = to_u64(value, "timestamp");
    else if (name == "gas_limit") genesis.gas_limit = to_u64(value, "gas_limit");
    else if (name == "base_fee") genesis.base_fee = to_u256(value, "base_fee");
    else if (name == "difficulty") genesis.difficulty = to_u256(value, "difficulty");
    else if (name == "extra_data") genesis.extra_data = to_vector(value, "extra_data");
    else if (name == "coinbase") genesis.coinbase = to_fixed<20>(value, "coinbase");
    else if (name == "prev_randao") genesis.prev_randao = to_fixed<32>(value, "prev_randao");
    else if (name == "excess_blob_gas") genesis.excess_blob_gas = to_u64(value, "excess_blob_gas");
    else if (name == "blob_gas_used") genesis.blob_gas_used = to_u64(value, "blob_gas_used");
    else if (name == "alloc") alloc = value.cast<pyb::dict>();
    else raise(Status::bad_argument, "genesis: unknown field " + name);
  }
  for (const auto& [address, entry] : alloc) {
    evm::GenesisAccount& account = genesis.accounts.emplace_back();
    account.address = to_fixed<20>(address, "alloc address");
    const pyb::dict parts = entry.cast<pyb::dict>();
    if (const pyb::object v = item_of(parts, "balance"); !v.is_none()) account.balance = to_u256(v, "alloc balance");
    if (const pyb::object v = item_of(parts, "nonce"); !v.is_none()) account.nonce = to_u64(v, "alloc nonce");
    if (const pyb::object v = item_of(parts, "code"); !v.is_none()) account.code = to_vector(v, "alloc code");
    if (const pyb::object v = item_of(parts, "storage"); !v.is_none())
      for (const auto& [slot, value] : v.cast<pyb::dict>())
        account.storage.emplace_back(to_u256(slot, "alloc slot"), to_u256(value, "alloc value"));
  }
  return genesis;
}

}  // namespace zg::py
