// The block manager: who owns which page of the key-value cache.
//
// A page holds the keys and values of kPageTokens consecutive tokens of a sequence, in every layer. Pages are counted by
// reference. A page that is full and computed can be published under the hash of everything before it and in it; another
// sequence of the same account that begins the same way takes it instead of computing it again. A published page that
// nobody refers to stays until its room is needed, least recently used first. Nothing here touches the cache itself.
//
// Not thread-safe: the engine's one thread owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "batching/step/api.hpp"
#include "common/bytes.hpp"

namespace zg::batching {

using PageId = uint32_t;

// The account's index in the engine; the salt that separates its cached prefixes from everybody else's.
struct Account {
  uint32_t index;
  Hash32 salt;
};

// H(parent, 16 ids, salt): the first half of BLAKE2b-512 of parent ‖ ids (little endian) ‖ salt, which is exactly one
// block. A sequence's first page has the zero parent. Accounts with different salts never share a page, so nobody learns
// from a fast answer what somebody else has asked.
Hash32 chain_hash(const Hash32& parent, const uint32_t* tokens, const Hash32& salt);

// Invariants: a page is free (no references, no hash), cached (no references, a hash, in the list of the least recently
// used), or held (references). held(account) counts the pages that an account's references keep. used by all:
// free + cached + held = page_count.
class BlockManager {
 public:
  // `page_count` >= 1; no account may hold more than `account_pages_max`.
  BlockManager(size_t page_count, size_t account_pages_max);

  size_t page_count() const { return pages_.size(); }
  size_t account_pages_max() const { return account_pages_max_; }
  // Pages that take() can give: free and cached.
  size_t available() const { return available_; }
  size_t cached() const { return by_hash_.size() - published_held_; }
  size_t held(uint32_t account) const;
  uint64_t evictions() const { return evictions_; }

  enum class Refusal { none, full, account };
  // Why take(account) would give nothing now.
  Refusal refusal(uint32_t account) const;

  // A page of undefined contents with one reference. Nothing when none is available or the account holds its most.
  std::optional<PageId> take(uint32_t account);
  // One more reference to a held page, by a sequence of the same account.
  void share(PageId page);
  // One reference less; the page is cached or free when it was the last.
  void release(PageId page);
  uint32_t references(PageId page) const { return pages_[page].references; }

  // The page published under `hash`, with a reference added. Nothing when there is none, or when it is only cached and the
  // account holds its most.
  std::optional<PageId> find(const Hash32& hash, uint32_t account);
  // Names a held page. A page that has a name keeps it; when another page has this name already, that one stays.
  void publish(PageId page, const Hash32& hash);

  // Forgets all cached pages (weights were replaced).
  void drop_cached();

  // True when every count above is consistent; walks everything. For tests and verify builds.
  bool consistent() const;

 private:
  static constexpr PageId kNone = ~PageId{0};

  struct Page {
    uint32_t references = 0;
    uint32_t account = 0;
    PageId older = kNone, newer = kNone;  // neighbours in the list of cached pages
    bool is_published = false;
    Hash32 hash{};
  };
  struct HashOf {
    size_t operator()(const Hash32& hash) const;
  };
  struct Same {
    bool operator()(const Hash32& a, const Hash32& b) const;
  };

  void link_newest(PageId page);
  void unlink(PageId page);
  void forget(PageId page);

  std::vector<Page> pages_;
  std::vector<PageId> free_;
  std::vector<uint32_t> held_;  // by account
  std::unordered_map<Hash32, PageId, HashOf, Same> by_hash_;
  size_t account_pages_max_, available_, published_held_ = 0;
  PageId oldest_ = kNone, newest_ = kNone;
  uint64_t evictions_ = 0;
};

}  // namespace zg::batching
