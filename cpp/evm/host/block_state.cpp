#include "evm/host/block_state.hpp"

#include <algorithm>

#include "hash/keccak256/api.hpp"

namespace zg::evm {

namespace {

constexpr size_t kTableInitial = 1024;
constexpr size_t kTransientInitial = 64;

uint64_t fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Secrets of the slot hash, drawn from the per-process seed of keyed_hash: slots are chosen by strangers.
struct SlotSeed {
  uint64_t k[4];
  SlotSeed() {
    for (uint8_t i = 0; i < 4; ++i) k[i] = keyed_hash(&i, 1) | 1;
  }
};
const SlotSeed kSlotSeed;

uint64_t slot_hash(const AccountEntry* account, const U256& slot) {
  return fold(slot.w[0] ^ kSlotSeed.k[0], slot.w[1] ^ kSlotSeed.k[1]) ^
         fold(slot.w[2] ^ kSlotSeed.k[2] ^ reinterpret_cast<uintptr_t>(account), slot.w[3] ^ kSlotSeed.k[3]);
}

}  // namespace

BlockState::BlockState(const state::Reader& reader) : reader_(reader), account_table_(kTableInitial), slot_table_(kTableInitial) {}
BlockState::~BlockState() = default;

AccountEntry& BlockState::entry(const Address& address) {
  if (last_account_ != nullptr && last_account_->address == address) return *last_account_;
  size_t mask = account_table_.size() - 1;
  size_t at = keyed_hash(address.b, sizeof address.b) & mask;
  while (account_table_[at] != nullptr) {
    if (account_table_[at]->address == address) return *(last_account_ = account_table_[at]);
    at = (at + 1) & mask;
  }
  AccountEntry& added = accounts_.emplace_back();
  added.address = address;
  added.base_exists = reader_.account(address, added.base);
  added.now = added.base;
  added.storage_known_empty = !added.base_exists;
  account_table_[at] = &added;
  if (accounts_.size() * 2 > account_table_.size()) grow_accounts();
  return *(last_account_ = &added);
}

void BlockState::grow_accounts() {
  std::vector<AccountEntry*> larger(account_table_.size() * 2);
  const size_t mask = larger.size() - 1;
  for (AccountEntry& account : accounts_) {
    size_t at = keyed_hash(account.address.b, sizeof account.address.b) & mask;
    while (larger[at] != nullptr) at = (at + 1) & mask;
    larger[at] = &account;
  }
  account_table_.swap(larger);
}

SlotEntry& BlockState::slot_entry(AccountEntry& account, const U256& slot) {
  const size_t mask = slot_table_.size() - 1;
  size_t at = slot_hash(&account, slot) & mask;
  while (SlotEntry* found = slot_table_[at]) {
    if (found->account == &account && found->key == slot) {
      if (found->epoch != epoch_) {
        found->epoch = epoch_;
        found->original = found->value;
      }
      return *found;
    }
    at = (at + 1) & mask;
  }
  SlotEntry& added = slots_.emplace_back();
  added.key = slot;
  added.account = &account;
  if (account.base_exists && !account.storage_known_empty) added.base = reader_.storage(account.address, slot);
  if (!account.storage_wiped) added.value = added.base;
  added.original = added.value;
  added.epoch = epoch_;
  added.next_of_account = account.slots;
  account.slots = &added;
  slot_table_[at] = &added;
  if (slots_.size() * 2 > slot_table_.size()) grow_slots();
  return added;
}

void BlockState::grow_slots() {
  std::vector<SlotEntry*> larger(slot_table_.size() * 2);
  const size_t mask = larger.size() - 1;
  for (SlotEntry& slot : slots_) {
    size_t at = slot_hash(slot.account, slot.key) & mask;
    while (larger[at] != nullptr) at = (at + 1) & mask;
    larger[at] = &slot;
  }
  slot_table_.swap(larger);
}

const state::CodePtr& BlockState::code_of(AccountEntry& account) {
  static const state::CodePtr empty = std::make_shared<const state::Code>();
  if (!account.now.has_code()) return empty;
  if (account.code == nullptr) {
    account.code = reader_.code(account.now.code_hash);
    if (account.code == nullptr) account.code = empty;
  }
  return account.code;
}

bool BlockState::exists(const Address& address) { return !entry(address).is_empty(); }
uint64_t BlockState::nonce(const Address& address) { return entry(address).now.nonce; }
U256 BlockState::balance(const Address& address) { return entry(address).now.balance; }
Hash32 BlockState::code_hash(const Address& address) { return entry(address).now.code_hash; }
state::CodePtr BlockState::code(const Address& address) { return code_of(entry(address)); }
U256 BlockState::storage(const Address& address, const U256& slot) { return slot_entry(entry(address), slot).value; }

Hash32 BlockState::block_hash(uint64_t number) const {
  for (const auto& [at, hash] : block_hash_overrides_)
    if (at == number) return hash;
  return reader_.block_hash(number);
}
void BlockState::override_block_hash(uint64_t number, const Hash32& hash) { block_hash_overrides_.emplace_back(number, hash); }

void BlockState::set_balance(const Address& address, const U256& value) { write_balance(entry(address), value); }
void BlockState::add_balance(const Address& address, const U256& value) {
  AccountEntry& account = entry(address);
  write_balance(account, account.now.balance + value);
}
void BlockState::set_nonce(const Address& address, uint64_t value) { write_nonce(entry(address), value); }
void BlockState::set_code(const Address& address, std::vector<uint8_t> code) {
  const Hash32 hash = code.empty() ? state::kEmptyCodeHash : keccak256::hash(as_bytes(code));
  write_code(entry(address), std::make_shared<const state::Code>(std::move(code)), hash);
}
void BlockState::set_storage(const Address& address, const U256& slot, const U256& value) { write_slot(slot_entry(entry(address), slot), value); }
void BlockState::replace_storage(const Address& address) {
  AccountEntry& account = entry(address);
  for (SlotEntry* slot = account.slots; slot != nullptr; slot = slot->next_of_account) write_slot(*slot, U256());
  account.storage_wiped = true;
}

void BlockState::begin_transaction() {
  ++epoch_;
  refund_ = 0;
  journal_.clear();
  old_codes_.clear();
  logs_.clear();
  destroyed_.clear();
  warmed_accounts_.clear();
  warmed_slots_.clear();
  if (!transient_.empty()) {
    transient_.clear();
    transient_table_.assign(kTransientInitial, 0);
  }
}

void BlockState::end_transaction() {
  for (AccountEntry* account : destroyed_) {
    if (account->destroyed_epoch != epoch_) continue;
    for (SlotEntry* slot = account->slots; slot != nullptr; slot = slot->next_of_account) slot->value = U256();
    account->now = state::Account();
    account->code.reset();
    account->analysis.reset();
    account->touched = true;
    account->storage_wiped = true;
  }
  destroyed_.clear();
  journal_.clear();
  old_codes_.clear();
}

void BlockState::revert(const Snapshot& to) {
  while (journal_.size() > to.journal) {
    const JournalEntry& undo = journal_.back();
    switch (undo.kind) {
      case Undo::balance: undo.account->now.balance = undo.old; break;
      case Undo::nonce: undo.account->now.nonce = undo.old.w[0]; break;
      case Undo::code: {
        OldCode& old = old_codes_[undo.extra];
        undo.account->code = std::move(old.code);
        undo.account->analysis = std::move(old.analysis);
        undo.account->now.code_hash = old.hash;
        old_codes_.resize(undo.extra);
        break;
      }
      case Undo::slot: undo.slot->value = undo.old; break;
      case Undo::transient: transient_[undo.extra].value = undo.old; break;
      case Undo::warm_account: undo.account->warm_epoch = 0; break;
      case Undo::warm_slot: undo.slot->warm_epoch = 0; break;
      case Undo::created: undo.account->created_epoch = 0; break;
      case Undo::destroyed: undo.account->destroyed_epoch = 0; break;
      case Undo::touched: undo.account->touched = false; break;
    }
    journal_.pop_back();
  }
  logs_.resize(to.logs);
  refund_ = to.refund;
}

void BlockState::warm(AccountEntry& account) {
  if (account.warm_epoch == epoch_) return;
  journal_.push_back({Undo::warm_account, false, 0, &account, nullptr, {}});
  account.warm_epoch = epoch_;
  if (keep_warmed_) warmed_accounts_.push_back(&account);
}
void BlockState::warm(SlotEntry& slot) {
  if (slot.warm_epoch == epoch_) return;
  journal_.push_back({Undo::warm_slot, false, 0, nullptr, &slot, {}});
  slot.warm_epoch = epoch_;
  if (keep_warmed_) warmed_slots_.push_back(&slot);
}

void BlockState::touch(AccountEntry& account) {
  if (account.touched) return;
  journal_.push_back({Undo::touched, false, 0, &account, nullptr, {}});
  account.touched = true;
}
void BlockState::write_balance(AccountEntry& account, const U256& value) {
  touch(account);
  journal_.push_back({Undo::balance, false, 0, &account, nullptr, account.now.balance});
  account.now.balance = value;
}
void BlockState::write_nonce(AccountEntry& account, uint64_t value) {
  touch(account);
  journal_.push_back({Undo::nonce, false, 0, &account, nullptr, U256(account.now.nonce)});
  account.now.nonce = value;
}
void BlockState::write_code(AccountEntry& account, state::CodePtr code, const Hash32& code_hash) {
  touch(account);
  journal_.push_back({Undo::code, false, static_cast<uint32_t>(old_codes_.size()), &account, nullptr, {}});
  old_codes_.push_back({std::move(account.code), std::move(account.analysis), account.now.code_hash});
  account.code = std::move(code);
  account.analysis.reset();
  account.now.code_hash = code_hash;
}
void BlockState::write_slot(SlotEntry& slot, const U256& value) {
  journal_.push_back({Undo::slot, false, 0, nullptr, &slot, slot.value});
  slot.value = value;
}
void BlockState::mark_created(AccountEntry& account) {
  if (account.created_epoch == epoch_) return;
  journal_.push_back({Undo::created, false, 0, &account, nullptr, {}});
  account.created_epoch = epoch_;
}
void BlockState::mark_destroyed(AccountEntry& account) {
  if (account.destroyed_epoch == epoch_) return;
  journal_.push_back({Undo::destroyed, false, 0, &account, nullptr, {}});
  account.destroyed_epoch = epoch_;
  destroyed_.push_back(&account);
}

bool BlockState::has_code_nonce_or_storage(AccountEntry& account) {
  if (account.now.nonce != 0 || account.now.has_code()) return true;
  for (const SlotEntry* slot = account.slots; slot != nullptr; slot = slot->next_of_account)
    if (!slot->value.is_zero()) return true;
  if (account.storage_known_empty || account.storage_wiped) return false;
  account.storage_known_empty = !reader_.has_storage(account.address);
  return !account.storage_known_empty;
}

size_t BlockState::transient_find(const AccountEntry* account, const U256& slot) const {
  if (transient_table_.empty()) return SIZE_MAX;
  const size_t mask = transient_table_.size() - 1;
  for (size_t at = slot_hash(account, slot) & mask; transient_table_[at] != 0; at = (at + 1) & mask) {
    const TransientEntry& found = transient_[transient_table_[at] - 1];
    if (found.account == account && found.key == slot) return transient_table_[at] - 1;
  }
  return SIZE_MAX;
}
U256 BlockState::transient(AccountEntry& account, const U256& slot) const {
  const size_t at = transient_find(&account, slot);
  return at == SIZE_MAX ? U256() : transient_[at].value;
}
void BlockState::write_transient(AccountEntry& account, const U256& slot, const U256& value) {
  size_t index = transient_find(&account, slot);
  if (index == SIZE_MAX) {
    if (value.is_zero()) return;
    index = transient_.size();
    transient_.push_back({&account, slot, {}});
    const bool grow = transient_.size() * 2 > transient_table_.size();
    if (grow) transient_table_.assign(std::max(kTransientInitial, transient_table_.size() * 2), 0);
    const size_t mask = transient_table_.size() - 1;
    for (size_t i = grow ? 0 : index; i <= index; ++i) {
      size_t at = slot_hash(transient_[i].account, transient_[i].key) & mask;
      while (transient_table_[at] != 0) at = (at + 1) & mask;
      transient_table_[at] = static_cast<uint32_t>(i + 1);
    }
  }
  journal_.push_back({Undo::transient, false, static_cast<uint32_t>(index), nullptr, nullptr, transient_[index].value});
  transient_[index].value = value;
}

void BlockState::add_log(Log log) { logs_.push_back(std::move(log)); }

state::Changes BlockState::take_changes() {
  state::Changes changes;
  for (AccountEntry& account : accounts_) {
    state::AccountChange change;
    for (const SlotEntry* slot = account.slots; slot != nullptr; slot = slot->next_of_account)
      if (slot->base != slot->value) change.slots.push_back({slot->key, slot->base, slot->value});
    const bool exists = account.is_empty() ? account.base_exists && !account.touched : true;
    const bool cleared = account.storage_wiped && account.base_exists && !account.storage_known_empty;
    if (exists == account.base_exists && (!exists || account.now == account.base) && change.slots.empty() && !cleared) continue;
    change.address = account.address;
    change.existed = account.base_exists;
    change.exists = exists;
    change.before = account.base;
    change.after = account.now;
    change.storage_cleared = cleared;
    std::sort(change.slots.begin(), change.slots.end(), [](const state::SlotChange& a, const state::SlotChange& b) { return a.slot < b.slot; });
    if (exists && account.now.has_code() && account.now.code_hash != account.base.code_hash)
      changes.codes.push_back({account.now.code_hash, code_of(account)});
    changes.accounts.push_back(std::move(change));
  }
  std::sort(changes.accounts.begin(), changes.accounts.end(),
            [](const state::AccountChange& a, const state::AccountChange& b) { return a.address < b.address; });
  std::sort(changes.codes.begin(), changes.codes.end(), [](const state::NewCode& a, const state::NewCode& b) { return a.code_hash < b.code_hash; });
  changes.codes.erase(std::unique(changes.codes.begin(), changes.codes.end(),
                                  [](const state::NewCode& a, const state::NewCode& b) { return a.code_hash == b.code_hash; }),
                      changes.codes.end());
  return changes;
}

}  // namespace zg::evm
