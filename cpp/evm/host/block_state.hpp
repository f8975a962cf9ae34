// The state of one block while it executes: a block-long overlay over a state::Reader with a journal.
//
// One overlay serves all transactions of a block. What lasts a transaction only (warm sets, original values, transient
// storage, refund counter, created and destroyed accounts, logs) is stamped with the transaction's epoch or cleared by
// begin_transaction(). Within a transaction every write is journaled: snapshot() marks a point, revert() goes back to it.
//
// Not safe for concurrent use; the Reader below may be shared. Entries never move, so pointers to them stay valid for the
// life of the object. Reads pull an account or a slot from the Reader once.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "evm/types.hpp"
#include "state/reader.hpp"

namespace zg::evm {

struct AccountEntry;

// One storage slot of the overlay.
struct SlotEntry {
  U256 key;
  U256 base;      // as the Reader has it
  U256 original;  // at the start of the transaction `epoch`
  U256 value;
  AccountEntry* account = nullptr;
  SlotEntry* next_of_account = nullptr;
  uint64_t epoch = 0;       // transaction for which `original` holds
  uint64_t warm_epoch = 0;  // transaction in which it is warm
};

class CodeAnalysis;

// One account of the overlay, present or not.
struct AccountEntry {
  Address address;
  state::Account base;
  state::Account now;
  bool base_exists = false;
  bool touched = false;         // changed, or touched while empty: decides whether an empty account disappears
  bool storage_wiped = false;   // the Reader's slots no longer count
  bool storage_known_empty = false;  // created in this block or absent below: no need to ask the Reader for slots
  uint64_t warm_epoch = 0;
  uint64_t created_epoch = 0;    // transaction that created a contract here
  uint64_t destroyed_epoch = 0;  // transaction that destroys it at its end
  SlotEntry* slots = nullptr;
  state::CodePtr code;                          // null until asked for
  std::shared_ptr<const CodeAnalysis> analysis;  // null until run

  bool is_empty() const { return now.is_empty(); }
};

class BlockState {
 public:
  // `reader` is borrowed for the life of the object.
  explicit BlockState(const state::Reader& reader);
  ~BlockState();
  BlockState(const BlockState&) = delete;
  BlockState& operator=(const BlockState&) = delete;

  const state::Reader& reader() const { return reader_; }

  // ---- reads ----
  bool exists(const Address& address);  // in the sense of EIP-161: not empty
  uint64_t nonce(const Address& address);
  U256 balance(const Address& address);
  Hash32 code_hash(const Address& address);  // kEmptyCodeHash for an absent account
  state::CodePtr code(const Address& address);
  U256 storage(const Address& address, const U256& slot);
  Hash32 block_hash(uint64_t number) const;

  // ---- direct writes, between transactions: overrides of eth_call, genesis, block rewards. Journaled only inside a
  //      transaction. ----
  void set_balance(const Address& address, const U256& value);
  void add_balance(const Address& address, const U256& value);
  void set_nonce(const Address& address, uint64_t value);
  void set_code(const Address& address, std::vector<uint8_t> code);
  void set_storage(const Address& address, const U256& slot, const U256& value);
  void replace_storage(const Address& address);  // every slot becomes zero (override "state")
  void override_block_hash(uint64_t number, const Hash32& hash);

  // Everything that differs from the Reader, ascending by address and slot; the overlay then must not be used further.
  state::Changes take_changes();

  // ---- transaction life cycle (evm/host uses these) ----
  void begin_transaction();  // new epoch: everything cold, no transient storage, refund 0, no logs, journal empty
  void end_transaction();    // destroys what the transaction destroyed; its writes become part of the block
  struct Snapshot {
    size_t journal, logs;
    int64_t refund;
  };
  Snapshot snapshot() const { return {journal_.size(), logs_.size(), refund_}; }
  void revert(const Snapshot& to);

  // ---- what the interpreter works with ----
  AccountEntry& entry(const Address& address);
  SlotEntry& slot_entry(AccountEntry& account, const U256& slot);  // `original` is set for this transaction
  const state::CodePtr& code_of(AccountEntry& account);

  bool is_warm(const AccountEntry& account) const { return account.warm_epoch == epoch_; }
  bool is_warm(const SlotEntry& slot) const { return slot.warm_epoch == epoch_; }
  void warm(AccountEntry& account);
  void warm(SlotEntry& slot);
  bool created_now(const AccountEntry& account) const { return account.created_epoch == epoch_; }
  bool destroyed_now(const AccountEntry& account) const { return account.destroyed_epoch == epoch_; }

  void write_balance(AccountEntry& account, const U256& value);
  void write_nonce(AccountEntry& account, uint64_t value);
  void write_code(AccountEntry& account, state::CodePtr code, const Hash32& code_hash);
  void write_slot(SlotEntry& slot, const U256& value);
  void touch(AccountEntry& account);
  void mark_created(AccountEntry& account);
  void mark_destroyed(AccountEntry& account);
  // True when a contract may not be created here (EIP-684 and EIP-7610).
  bool has_code_nonce_or_storage(AccountEntry& account);

  U256 transient(AccountEntry& account, const U256& slot) const;
  void write_transient(AccountEntry& account, const U256& slot, const U256& value);

  void add_log(Log log);
  const std::vector<Log>& logs() const { return logs_; }
  std::vector<Log> take_logs() { return std::move(logs_); }
  void add_refund(int64_t amount) { refund_ += amount; }
  int64_t refund() const { return refund_; }
  void set_refund(int64_t value) { refund_ = value; }
  uint64_t epoch() const { return epoch_; }

  // Accounts and slots that the current transaction made warm, in the order of first use (access lists).
  const std::vector<AccountEntry*>& warmed_accounts() const { return warmed_accounts_; }
  const std::vector<SlotEntry*>& warmed_slots() const { return warmed_slots_; }
  void keep_warmed(bool on) { keep_warmed_ = on; }

 private:
  enum class Undo : uint8_t { balance, nonce, code, slot, transient, warm_account, warm_slot, created, destroyed, touched };
  struct JournalEntry {
    Undo kind;
    bool flag;
    uint32_t extra;  // index into old_codes_ or transient_
    AccountEntry* account;
    SlotEntry* slot;
    U256 old;
  };
  struct OldCode {
    state::CodePtr code;
    std::shared_ptr<const CodeAnalysis> analysis;
    Hash32 hash;
  };
  struct TransientEntry {
    AccountEntry* account;
    U256 key, value;
  };

  void grow_accounts();
  void grow_slots();
  size_t transient_find(const AccountEntry* account, const U256& slot) const;  // index or npos

  const state::Reader& reader_;
  uint64_t epoch_ = 1;
  int64_t refund_ = 0;
  bool keep_warmed_ = false;
  std::deque<AccountEntry> accounts_;
  std::deque<SlotEntry> slots_;
  std::vector<AccountEntry*> account_table_;  // open addressing, power of two
  std::vector<SlotEntry*> slot_table_;
  AccountEntry* last_account_ = nullptr;  // most recent answer of entry()
  std::vector<JournalEntry> journal_;
  std::vector<OldCode> old_codes_;
  std::vector<TransientEntry> transient_;
  std::vector<uint32_t> transient_table_;  // index + 1
  std::vector<Log> logs_;
  std::vector<AccountEntry*> destroyed_;
  std::vector<AccountEntry*> warmed_accounts_;
  std::vector<SlotEntry*> warmed_slots_;
  std::vector<std::pair<uint64_t, Hash32>> block_hash_overrides_;
};

}  // namespace zg::evm
