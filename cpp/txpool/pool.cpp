#include "txpool/pool.hpp"

#include <algorithm>

#include "evm/host/transact.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::txpool {

using evm::Transaction;
using evm::TxType;

namespace {

constexpr uint64_t kGasPerBlob = 131072;
constexpr size_t kInitCodeSizeMax = 49152;

// a * b + c, saturating: a cost above 2^256 is unpayable all the same.
U256 mul_add_saturated(const U256& a, const U256& b, const U256& c) {
  uint64_t wide[8];
  mul_full(a, b, wide);
  if ((wide[4] | wide[5] | wide[6] | wide[7]) != 0) return U256::max();
  U256 out;
  return add_carry({wide[0], wide[1], wide[2], wide[3]}, c, out) ? U256::max() : out;
}
U256 add_saturated(const U256& a, const U256& b) {
  U256 out;
  return add_carry(a, b, out) ? U256::max() : out;
}

U256 max_cost(const Transaction& tx) {
  const U256 cost = mul_add_saturated(U256(tx.gas_limit), tx.max_fee, tx.value);
  if (tx.type != TxType::blob) return cost;
  return mul_add_saturated(U256(tx.blob_hashes.size() * kGasPerBlob), tx.max_fee_per_blob_gas, cost);
}

// The worst a transaction can cost at this base fee (chain.md §1.2).
U256 cost_at(const Transaction& tx, const U256& base_fee) {
  const U256 price = std::min(add_saturated(base_fee, tx.max_priority_fee), tx.max_fee);
  const U256 cost = mul_add_saturated(U256(tx.gas_limit), price, tx.value);
  if (tx.type != TxType::blob) return cost;
  return mul_add_saturated(U256(tx.blob_hashes.size() * kGasPerBlob), tx.max_fee_per_blob_gas, cost);
}

std::string text(uint64_t value) { return std::to_string(value); }
std::string text(const U256& value) { return to_decimal(value); }

bool is_delegated(const state::Reader& state, const state::Account& account) {
  if (!account.has_code()) return false;
  const state::CodePtr code = state.code(account.code_hash);
  return code && code->size() == 23 && (*code)[0] == 0xef && (*code)[1] == 0x01 && (*code)[2] == 0x00;
}

bool nonce_below(const PooledPtr& item, uint64_t nonce) { return item->tx.nonce < nonce; }

}  // namespace

U256 effective_tip(const Transaction& tx, const U256& base_fee) {
  if (tx.max_fee <= base_fee) return {};
  return std::min(tx.max_priority_fee, tx.max_fee - base_fee);
}

std::string check_stateless(const Transaction& tx, const PoolContext& context, const U256& tip_min) {
  if (tx.type == TxType::set_code && context.rules.fork < evm::Fork::prague)
    return "transaction type not supported: type 4 rejected, pool not yet in Prague";
  if (tx.chain_id && *tx.chain_id != context.rules.chain_id)
    return "invalid sender: invalid chain id for signer: have " + text(*tx.chain_id) + " want " + text(context.rules.chain_id);
  if (!tx.to && tx.data.size() > kInitCodeSizeMax)
    return "max initcode size exceeded: code size " + text(tx.data.size()) + ", limit " + text(kInitCodeSizeMax);
  if (tx.gas_limit > context.gas_limit) return "exceeds block gas limit";
  if (tx.max_priority_fee > tx.max_fee) return "max priority fee per gas higher than max fee per gas";
  if (tx.nonce == UINT64_MAX) return "nonce has max value";
  const evm::IntrinsicGas needed = evm::intrinsic_gas(tx, context.rules);
  if (tx.gas_limit < needed.gas)
    return "intrinsic gas too low: gas " + text(tx.gas_limit) + ", minimum needed " + text(needed.gas);
  if (tx.gas_limit < needed.floor)
    return "insufficient gas for floor data gas cost: gas " + text(tx.gas_limit) + ", minimum needed " + text(needed.floor);
  if (tx.max_priority_fee < tip_min)
    return "transaction underpriced: gas tip cap " + text(tx.max_priority_fee) + ", minimum needed " + text(tip_min);
  if (tx.type == TxType::blob) {
    if (tx.blob_hashes.empty()) return "blob transaction missing blob hashes";
    if (tx.blob_hashes.size() > context.blobs_max)
      return "too many blobs in transaction: have " + text(tx.blob_hashes.size()) + ", permitted " + text(context.blobs_max);
    for (const Hash32& hash : tx.blob_hashes)
      if (hash.b[0] != 0x01) return "blob has invalid hash version";
  }
  if (tx.type == TxType::set_code && tx.authorizations.empty()) return "set code tx must have at least one authorization tuple";
  return {};
}

bool Pool::Worth::operator<(const Worth& other) const {
  if (executable != other.executable) return !executable;
  if (tip != other.tip) return tip < other.tip;
  if (cap != other.cap) return cap < other.cap;
  return arrival > other.arrival;
}

Pool::Worth Pool::worth_of(const Pooled& item, bool executable) const {
  return {executable, effective_tip(item.tx, context_.base_fee), item.tx.max_fee, item.arrival};
}

void Pool::reset(std::shared_ptr<const state::Reader> head, const PoolContext& context) {
  std::lock_guard lock(mutex_);
  head_ = std::move(head);
  context_ = context;
  full_ = false;
  victims_ = {};
  for (auto it = queues_.begin(); it != queues_.end();) {
    const auto current = it++;
    const Queue fresh = load_queue(current->first);
    current->second.nonce = fresh.nonce;
    current->second.balance = fresh.balance;
    current->second.delegated = fresh.delegated;
    recheck(current);
  }
}

void Pool::apply_block(const state::Changes& changes, const std::vector<Hash32>& drop, std::shared_ptr<const state::Reader> head,
                       const PoolContext& context) {
  std::lock_guard lock(mutex_);
  head_ = std::move(head);
  context_ = context;
  full_ = false;
  victims_ = {};
  for (const Hash32& hash : drop) {
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end()) continue;
    const auto queue = queues_.find(found->second->tx.sender);
    const auto& items = queue->second.items;
    const auto at = std::lower_bound(items.begin(), items.end(), found->second->tx.nonce, nonce_below);
    remove(queue, static_cast<size_t>(at - items.begin()));
  }
  for (const state::AccountChange& change : changes.accounts) {
    const auto it = queues_.find(change.address);
    if (it == queues_.end()) continue;
    const state::Account now = change.exists ? change.after : state::Account{};
    it->second.nonce = now.nonce;
    it->second.balance = now.balance;
    it->second.delegated = is_delegated(*head_, now);
    recheck(it);
  }
}

Pool::Queue Pool::load_queue(const Address& sender) const {
  Queue queue;
  state::Account account;
  if (!head_ || !head_->account(sender, account)) return queue;
  queue.nonce = account.nonce;
  queue.balance = account.balance;
  queue.delegated = is_delegated(*head_, account);
  return queue;
}

void Pool::recount(Queue& queue) {
  executable_ -= queue.executable;
  U256 sum;
  size_t i = 0;
  for (; i < queue.items.size(); ++i) {
    const Pooled& item = *queue.items[i];
    if (item.tx.nonce != queue.nonce + i) break;
    sum = add_saturated(sum, item.cost_max);
    if (sum > queue.balance) break;
  }
  queue.executable = i;
  executable_ += i;
}

void Pool::forget(const Pooled& item) {
  bytes_ -= item.raw.size();
  for (const evm::Authorization& a : item.tx.authorizations) {
    if (!a.authority) continue;
    const auto it = authorities_.find(*a.authority);
    if (it != authorities_.end() && --it->second == 0) authorities_.erase(it);
  }
  by_hash_.erase(Hash32(item.tx.hash));  // a copy: the map may hold the last reference
}

// Drops what the new state rules out: nonces behind it and transactions that alone cost more than the balance.
void Pool::recheck(Queues::iterator it) {
  Queue& queue = it->second;
  U256 sum;
  std::erase_if(queue.items, [&](const PooledPtr& item) {
    if (item->tx.nonce < queue.nonce || item->cost_max > queue.balance || item->tx.gas_limit > context_.gas_limit) {
      forget(*item);
      return true;
    }
    sum = add_saturated(sum, item->cost_max);
    return false;
  });
  queue.cost_sum = sum;
  recount(queue);
  if (queue.items.empty()) queues_.erase(it);
}

void Pool::remove(Queues::iterator it, size_t index) {
  Queue& queue = it->second;
  const PooledPtr item = queue.items[index];
  queue.items.erase(queue.items.begin() + static_cast<ptrdiff_t>(index));
  queue.cost_sum = queue.cost_sum - item->cost_max;
  forget(*item);
  recount(queue);
  if (queue.items.empty()) queues_.erase(it);
}

std::string Pool::check_delegation(const Queue& queue, const Pooled& item, bool replaces) const {
  const auto as_authority = authorities_.find(item.tx.sender);
  if ((queue.delegated || as_authority != authorities_.end()) && !replaces) {
    if (item.tx.nonce != queue.nonce) return "gapped-nonce tx from delegated accounts";
    if (!queue.items.empty()) return "in-flight transaction limit reached for delegated accounts";
  }
  for (const evm::Authorization& a : item.tx.authorizations) {
    if (!a.authority || *a.authority == item.tx.sender) continue;
    const auto waiting = queues_.find(*a.authority);
    if (waiting != queues_.end() && waiting->second.items.size() > 1) return "authority already reserved";
  }
  return {};
}

std::string Pool::check_state(const Queue& queue, const Pooled& item, const PooledPtr& replaced) const {
  if (item.tx.nonce < queue.nonce) return "nonce too low: next nonce " + text(queue.nonce) + ", tx nonce " + text(item.tx.nonce);
  if (queue.balance < item.cost_max)
    return "insufficient funds for gas * price + value: balance " + text(queue.balance) + ", tx cost " + text(item.cost_max) + ", overshot " +
           text(item.cost_max - queue.balance);
  const U256 queued = replaced ? queue.cost_sum - replaced->cost_max : queue.cost_sum;
  const U256 total = add_saturated(queued, item.cost_max);
  if (queue.balance < total)
    return "insufficient funds for gas * price + value: balance " + text(queue.balance) + ", queued cost " + text(queued) + ", tx cost " +
           text(item.cost_max) + ", overshot " + text(total - queue.balance);
  if (replaced) {
    const bool blob = item.tx.type == TxType::blob || replaced->tx.type == TxType::blob;
    const unsigned bump = 100 + (blob ? limits_.blob_bump_percent : limits_.bump_percent);
    const auto raised = [&](const U256& from, const U256& to) {
      return to > from && to >= mul_add_saturated(from, U256(bump), {}) / U256(100);
    };
    bool enough = raised(replaced->tx.max_fee, item.tx.max_fee) && raised(replaced->tx.max_priority_fee, item.tx.max_priority_fee);
    if (item.tx.type == TxType::blob && replaced->tx.type == TxType::blob)
      enough = enough && raised(replaced->tx.max_fee_per_blob_gas, item.tx.max_fee_per_blob_gas);
    if (!enough) return "replacement transaction underpriced";
  } else if (queue.items.size() >= limits_.per_sender) {
    return "account limit exceeded: " + text(uint64_t{limits_.per_sender}) + " transactions of one sender wait already";
  }
  return check_delegation(queue, item, replaced != nullptr);
}

void Pool::raise_victims() {
  if (full_) return;
  std::vector<Victim> all;
  all.reserve(by_hash_.size());
  for (const auto& [sender, queue] : queues_)
    for (size_t i = 0; i < queue.items.size(); ++i) all.push_back({worth_of(*queue.items[i], i < queue.executable), queue.items[i]});
  victims_ = std::priority_queue<Victim>(std::less<Victim>(), std::move(all));
  full_ = true;
}

// Evicts less worthy transactions until `item` fits; false when it is the least worthy itself.
bool Pool::make_room(const Pooled& item, bool executable) {
  while (by_hash_.size() >= limits_.total || bytes_ + item.raw.size() > limits_.bytes) {
    raise_victims();
    if (victims_.empty()) return false;
    const Victim worst = victims_.top();
    const PooledPtr waiting = worst.item.lock();
    if (!waiting || find_locked(waiting->tx.hash) != waiting) {
      victims_.pop();
      continue;
    }
    const auto queue = queues_.find(waiting->tx.sender);
    const auto& items = queue->second.items;
    const size_t index = static_cast<size_t>(std::lower_bound(items.begin(), items.end(), waiting->tx.nonce, nonce_below) - items.begin());
    const Worth now = worth_of(*waiting, index < queue->second.executable);
    if (worst.worth.executable != now.executable) {  // promoted or demoted since
      victims_.pop();
      victims_.push({now, waiting});
      continue;
    }
    // A sender does not push out its own transaction, on which the new one may build.
    if (!(now < worth_of(item, executable)) || waiting->tx.sender == item.tx.sender) return false;
    victims_.pop();
    remove(queue, index);
  }
  return true;
}

std::string Pool::admit(Decoded& decoded, Bytes raw, bool local) {
  if (by_hash_.contains(decoded.transaction.hash)) return "already known";
  auto item = std::make_shared<Pooled>();
  item->cost_max = max_cost(decoded.transaction);
  item->tx = std::move(decoded.transaction);
  item->local = local;
  item->arrival = arrivals_ + 1;
  const Transaction& tx = item->tx;

  auto it = queues_.find(tx.sender);
  const Queue fresh = it == queues_.end() ? load_queue(tx.sender) : Queue{};
  const Queue& known = it == queues_.end() ? fresh : it->second;
  const auto at = std::lower_bound(known.items.begin(), known.items.end(), tx.nonce, nonce_below);
  const PooledPtr replaced = at != known.items.end() && (*at)->tx.nonce == tx.nonce ? *at : nullptr;
  if (std::string error = check_state(known, *item, replaced); !error.empty()) return error;
  item->raw.assign(raw.data, raw.data + raw.size);
  if (!replaced && !make_room(*item, tx.nonce == known.nonce + known.executable)) return "transaction underpriced: mempool is full";

  it = queues_.find(tx.sender);  // eviction may have taken the queue away
  if (it == queues_.end()) it = queues_.emplace(tx.sender, load_queue(tx.sender)).first;
  Queue& queue = it->second;
  const auto place = std::lower_bound(queue.items.begin(), queue.items.end(), tx.nonce, nonce_below);
  if (replaced) {
    queue.cost_sum = queue.cost_sum - replaced->cost_max;
    forget(*replaced);
    *place = item;
  } else {
    queue.items.insert(place, item);
  }
  queue.cost_sum = add_saturated(queue.cost_sum, item->cost_max);
  recount(queue);
  by_hash_.emplace(tx.hash, item);
  bytes_ += item->raw.size();
  for (const evm::Authorization& a : tx.authorizations)
    if (a.authority) ++authorities_[*a.authority];
  if (full_) victims_.push({worth_of(*item, tx.nonce < queue.nonce + queue.executable), item});
  ++arrivals_;
  return {};
}

std::vector<Admission> Pool::add(const Bytes* raws, size_t count, bool local) {
  std::vector<Admission> out(count);
  std::vector<Bytes> fresh;
  std::vector<size_t> which;
  std::vector<uint8_t> digests(count * 32);
  keccak256::hash_many(raws, count, digests.data());
  PoolContext context;
  {
    std::lock_guard lock(mutex_);
    context = context_;
    for (size_t i = 0; i < count; ++i) {
      out[i].hash = fixed_from<32>(digests.data() + 32 * i);
      if (by_hash_.contains(out[i].hash)) {
        out[i].error = "already known";
        continue;
      }
      fresh.push_back(raws[i]);
      which.push_back(i);
    }
  }
  std::vector<Decoded> decoded = decode_many(fresh.data(), fresh.size());
  for (Decoded& item : decoded)
    if (item.ok()) item.error = check_stateless(item.transaction, context, limits_.tip_min);
  std::lock_guard lock(mutex_);
  for (size_t k = 0; k < decoded.size(); ++k) {
    std::string& error = out[which[k]].error;
    error = decoded[k].ok() ? admit(decoded[k], fresh[k], local) : std::move(decoded[k].error);
  }
  return out;
}

std::vector<PooledPtr> Pool::select(uint64_t gas_limit, const U256& base_fee, size_t count_max) const {
  struct Head {
    U256 tip;
    uint64_t arrival;
    const Queue* queue;
    size_t index;
    U256 spent;
    bool operator<(const Head& other) const { return tip != other.tip ? tip < other.tip : arrival > other.arrival; }
  };
  std::lock_guard lock(mutex_);
  std::vector<Head> heads;
  heads.reserve(queues_.size());
  // A transaction enters the heap only if it may stand in this block at all; else its sender is out.
  const auto offer = [&](const Queue& queue, size_t index, const U256& spent_before) -> std::optional<Head> {
    if (index >= queue.executable) return std::nullopt;
    const Pooled& item = *queue.items[index];
    if (item.tx.max_fee < base_fee) return std::nullopt;
    if (item.tx.type == TxType::blob && item.tx.max_fee_per_blob_gas < context_.blob_base_fee) return std::nullopt;
    const U256 spent = add_saturated(spent_before, cost_at(item.tx, base_fee));
    if (spent > queue.balance) return std::nullopt;
    return Head{effective_tip(item.tx, base_fee), item.arrival, &queue, index, spent};
  };
  for (const auto& [sender, queue] : queues_)
    if (const auto head = offer(queue, 0, {})) heads.push_back(*head);
  std::make_heap(heads.begin(), heads.end());

  std::vector<PooledPtr> out;
  uint64_t gas_left = gas_limit, blobs_left = context_.blobs_max;
  while (!heads.empty() && gas_left >= 21000 && out.size() < count_max) {
    std::pop_heap(heads.begin(), heads.end());
    const Head head = heads.back();
    heads.pop_back();
    const PooledPtr& item = head.queue->items[head.index];
    if (item->tx.gas_limit > gas_left || item->tx.blob_hashes.size() > blobs_left) continue;
    gas_left -= item->tx.gas_limit;
    blobs_left -= item->tx.blob_hashes.size();
    out.push_back(item);
    if (const auto next = offer(*head.queue, head.index + 1, head.spent)) {
      heads.push_back(*next);
      std::push_heap(heads.begin(), heads.end());
    }
  }
  return out;
}

std::pair<size_t, size_t> Pool::status() const {
  std::lock_guard lock(mutex_);
  return {executable_, by_hash_.size() - executable_};
}

size_t Pool::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

uint64_t Pool::admitted_total() const {
  std::lock_guard lock(mutex_);
  return arrivals_;
}

PooledPtr Pool::find_locked(const Hash32& hash) const {
  const auto it = by_hash_.find(hash);
  return it == by_hash_.end() ? nullptr : it->second;
}

PooledPtr Pool::find(const Hash32& hash) const {
  std::lock_guard lock(mutex_);
  return find_locked(hash);
}

std::optional<uint64_t> Pool::next_nonce(const Address& sender) const {
  std::lock_guard lock(mutex_);
  const auto it = queues_.find(sender);
  if (it == queues_.end() || it->second.executable == 0) return std::nullopt;
  return it->second.nonce + it->second.executable;
}

std::vector<PoolEntry> Pool::content(const Address* only) const {
  std::vector<PoolEntry> out;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [sender, queue] : queues_) {
      if (only && sender != *only) continue;
      for (size_t i = 0; i < queue.items.size(); ++i) out.push_back({queue.items[i], i < queue.executable});
    }
  }
  std::sort(out.begin(), out.end(), [](const PoolEntry& a, const PoolEntry& b) {
    if (a.item->tx.sender != b.item->tx.sender) return a.item->tx.sender < b.item->tx.sender;
    return a.item->tx.nonce < b.item->tx.nonce;
  });
  return out;
}

}  // namespace zg::txpool
