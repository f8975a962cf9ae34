#include <cassert>
#include <cstring>

#include "batching/blocks/api.hpp"
#include "hash/blake2b/table.hpp"

namespace zg::batching {

Hash32 chain_hash(const Hash32& parent, const uint32_t* tokens, const Hash32& salt) {
  uint8_t block[blake2b::kBlockSize], digest[blake2b::kDigestSize];
  static_assert(sizeof block == 32 + 4 * kPageTokens + 32);
  std::memcpy(block, parent.b, 32);
  for (size_t i = 0; i < kPageTokens; ++i)
    for (int k = 0; k < 4; ++k) block[32 + 4 * i + k] = static_cast<uint8_t>(tokens[i] >> (8 * k));
  std::memcpy(block + 32 + 4 * kPageTokens, salt.b, 32);
  const Bytes view{block, sizeof block};
  blake2b::scalar.hash_views(&view, 1, digest);
  Hash32 hash;
  std::memcpy(hash.b, digest, 32);
  return hash;
}

size_t BlockManager::HashOf::operator()(const Hash32& hash) const {
  size_t word;
  std::memcpy(&word, hash.b, sizeof word);
  return word;
}

bool BlockManager::Same::operator()(const Hash32& a, const Hash32& b) const { return std::memcmp(a.b, b.b, 32) == 0; }

BlockManager::BlockManager(size_t page_count, size_t account_pages_max)
    : pages_(page_count), account_pages_max_(account_pages_max), available_(page_count) {
  free_.reserve(page_count);
  for (size_t i = page_count; i-- > 0;) free_.push_back(static_cast<PageId>(i));
  by_hash_.reserve(page_count);
}

size_t BlockManager::held(uint32_t account) const { return account < held_.size() ? held_[account] : 0; }

BlockManager::Refusal BlockManager::refusal(uint32_t account) const {
  if (held(account) >= account_pages_max_) return Refusal::account;
  return available_ == 0 ? Refusal::full : Refusal::none;
}

std::optional<PageId> BlockManager::take(uint32_t account) {
  if (refusal(account) != Refusal::none) return std::nullopt;
  PageId id;
  if (!free_.empty()) {
    id = free_.back();
    free_.pop_back();
  } else {
    id = oldest_;
    unlink(id);
    forget(id);
    ++evictions_;
  }
  --available_;
  if (account >= held_.size()) held_.resize(account + 1, 0);
  ++held_[account];
  pages_[id].references = 1;
  pages_[id].account = account;
  return id;
}

void BlockManager::share(PageId page) {
  assert(pages_[page].references != 0);
  ++pages_[page].references;
}

void BlockManager::release(PageId id) {
  Page& page = pages_[id];
  assert(page.references != 0);
  if (--page.references != 0) return;
  --held_[page.account];
  ++available_;
  if (page.is_published) {
    --published_held_;
    link_newest(id);
  } else {
    free_.push_back(id);
  }
}

std::optional<PageId> BlockManager::find(const Hash32& hash, uint32_t account) {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return std::nullopt;
  Page& page = pages_[found->second];
  if (page.references == 0) {
    if (held(account) >= account_pages_max_) return std::nullopt;
    unlink(found->second);
    --available_;
    ++published_held_;
    if (account >= held_.size()) held_.resize(account + 1, 0);
    ++held_[account];
    page.account = account;
  }
  ++page.references;
  return found->second;
}

void BlockManager::publish(PageId id, const Hash32& hash) {
  Page& page = pages_[id];
  assert(page.references != 0);
  if (page.is_published || !by_hash_.emplace(hash, id).second) return;
  page.is_published = true;
  page.hash = hash;
  ++published_held_;
}

void BlockManager::drop_cached() {
  while (oldest_ != kNone) {
    const PageId id = oldest_;
    unlink(id);
    forget(id);
    free_.push_back(id);
  }
  for (Page& page : pages_) page.is_published = false;
  by_hash_.clear();
  published_held_ = 0;
}

void BlockManager::link_newest(PageId id) {
  pages_[id].older = newest_;
  pages_[id].newer = kNone;
  (newest_ == kNone ? oldest_ : pages_[newest_].newer) = id;
  newest_ = id;
}

void BlockManager::unlink(PageId id) {
  Page& page = pages_[id];
  (page.older == kNone ? oldest_ : pages_[page.older].newer) = page.newer;
  (page.newer == kNone ? newest_ : pages_[page.newer].older) = page.older;
  page.older = page.newer = kNone;
}

void BlockManager::forget(PageId id) {
  by_hash_.erase(pages_[id].hash);
  pages_[id].is_published = false;
}

bool BlockManager::consistent() const {
  size_t held_pages = 0, cached_pages = 0, published = 0;
  std::vector<uint32_t> held(held_.size(), 0);
  for (size_t i = 0; i < pages_.size(); ++i) {
    const Page& page = pages_[i];
    if (page.is_published) {
      const auto found = by_hash_.find(page.hash);
      if (found == by_hash_.end() || found->second != i) return false;
      ++published;
    }
    if (page.references != 0) {
      if (page.account >= held.size()) return false;
      ++held_pages, ++held[page.account];
    } else if (page.is_published) {
      ++cached_pages;
    }
  }
  size_t listed = 0;
  PageId before = kNone;
  for (PageId id = oldest_; id != kNone; id = pages_[id].newer, ++listed) {
    if (listed > pages_.size() || pages_[id].references != 0 || !pages_[id].is_published || pages_[id].older != before) return false;
    before = id;
  }
  std::vector<bool> is_free(pages_.size(), false);
  for (PageId id : free_) {
    if (is_free[id] || pages_[id].references != 0 || pages_[id].is_published) return false;
    is_free[id] = true;
  }
  return before == newest_ && listed == cached_pages && published == by_hash_.size() && published - cached_pages == published_held_ &&
         held == held_ && free_.size() + cached_pages + held_pages == pages_.size() && available_ == free_.size() + cached_pages;
}

}  // namespace zg::batching
