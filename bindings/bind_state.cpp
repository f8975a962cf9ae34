#include <pybind11/stl.h>

#include <algorithm>

#include "bind.hpp"
#include "buffers.hpp"
#include "gil.hpp"
#include "hash/keccak256/api.hpp"
#include "numbers.hpp"
#include "state/accounts/world.hpp"
#include "state/diff/api.hpp"
#include "state/trie/api.hpp"

namespace pyb = pybind11;

namespace zg::py {

namespace {

template <size_t N>
Fixed<N> fixed_of(const pyb::handle& object, const char* name) {
  const ReadView view(object, name);
  if (view.size() != N)
    raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(N) + " bytes, found " + std::to_string(view.size()));
  return fixed_from<N>(view.data());
}

pyb::list bytes_list(const std::vector<std::vector<uint8_t>>& items) {
  pyb::list out;
  for (const auto& item : items) out.append(to_bytes(as_bytes(item)));
  return out;
}

// A list of buffers, held for as long as their views are used.
class BytesList {
 public:
  BytesList(const pyb::iterable& items, const char* name) {
    for (const pyb::handle& item : items) {
      views_.push_back(std::make_unique<ReadView>(item, name));
      bytes_.push_back(views_.back()->bytes());
    }
  }
  const Bytes* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }
  Bytes operator[](size_t i) const { return bytes_[i]; }

 private:
  std::vector<std::unique_ptr<ReadView>> views_;
  std::vector<Bytes> bytes_;
};

// state::Trie with keys as given (32 bytes) or hashed.
class PyTrie {
 public:
  explicit PyTrie(bool secure) : secure_(secure) {}

  Hash32 change(const pyb::object& items, bool stage) {
    require_staged(false);
    const pyb::object pairs = pyb::isinstance<pyb::dict>(items) ? pyb::object(items.attr("items")()) : items;
    pyb::list keys, values;
    for (const pyb::handle& pair : pairs) {
      const auto both = pyb::cast<std::pair<pyb::object, pyb::object>>(pair);
      keys.append(both.first);
      values.append(both.second);
    }
    const BytesList key_views(keys, "key"), value_views(values, "value");
    const pyb::gil_scoped_release release;
    return apply({key_views.data(), key_views.size()}, value_views.data(), stage);
  }

  Hash32 change_arrays(const pyb::array& keys, const pyb::array& values) {
    require_staged(false);
    if (keys.ndim() != 2 || values.ndim() != 2 || keys.itemsize() != 1 || values.itemsize() != 1 || keys.shape(0) != values.shape(0))
      raise(Status::bad_argument, "trie: expected uint8 arrays of shapes (n, key size) and (n, value size)");
    const ReadView key_view(keys, "keys"), value_view(values, "values");
    const size_t count = static_cast<size_t>(keys.shape(0)), key_size = static_cast<size_t>(keys.shape(1)), value_size = static_cast<size_t>(values.shape(1));
    std::vector<Bytes> key_list(count), value_list(count);
    for (size_t i = 0; i < count; ++i) {
      key_list[i] = {key_view.data() + i * key_size, key_size};
      value_list[i] = {value_view.data() + i * value_size, value_size};
    }
    const pyb::gil_scoped_release release;
    return apply({key_list.data(), count}, value_list.data(), false);
  }

  void require_staged(bool wanted) const {
    if (trie.staged() == wanted) return;
    raise(Status::bad_argument, wanted ? "trie: nothing is staged" : "trie: something is staged; commit or discard it first");
  }

  Hash32 key_of(const pyb::handle& key) const {
    const ReadView view(key, "key");
    if (secure_) return keccak256::hash(view.bytes());
    if (view.size() != 32) raise(Status::bad_argument, "key: expected 32 bytes, found " + std::to_string(view.size()));
    return fixed_from<32>(view.data());
  }

  state::Trie trie;

 private:
  struct Keys {
    const Bytes* data;
    size_t count;
  };

  // Without the interpreter lock, which raising takes back.
  Hash32 apply(Keys keys, const Bytes* values, bool stage) {
    std::vector<state::Trie::Item> items(keys.count);
    if (secure_) {
      std::vector<uint8_t> hashes(32 * keys.count);
      keccak256::hash_many(keys.data, keys.count, hashes.data());
      for (size_t i = 0; i < keys.count; ++i) items[i] = {fixed_from<32>(hashes.data() + 32 * i), values[i]};
    } else {
      for (size_t i = 0; i < keys.count; ++i) {
        if (keys.data[i].size != 32) {
          const pyb::gil_scoped_acquire acquire;
          raise(Status::bad_argument, "key: expected 32 bytes, found " + std::to_string(keys.data[i].size));
        }
        items[i] = {fixed_from<32>(keys.data[i].data), values[i]};
      }
    }
    return stage ? trie.stage(items) : trie.update(items);
  }

  bool secure_;
};

void bind_trie(pyb::module_& m) {
  pyb::class_<PyTrie>(m, "Trie", R"(A Merkle Patricia trie in memory with cached hashes; changes come in batches.

With ``secure`` (the way of Ethereum's state) keys of any size are hashed, without it they are 32 bytes. One thread at a time.)")
      .def(pyb::init<bool>(), pyb::kw_only(), pyb::arg("secure") = true)
      .def(
          "update", [](PyTrie& self, const pyb::object& items) { return to_bytes(as_bytes(self.change(items, false))); }, pyb::arg("items"),
          "Sets the pairs of a dict or of an iterable of (key, value), an empty value deletes; returns the new root.")
      .def(
          "update_arrays",
          [](PyTrie& self, const pyb::array& keys, const pyb::array& values) { return to_bytes(as_bytes(self.change_arrays(keys, values))); },
          pyb::arg("keys"), pyb::arg("values"), "The same for uint8 arrays of shapes (n, key size) and (n, value size).")
      .def(
          "stage", [](PyTrie& self, const pyb::object& items) { return to_bytes(as_bytes(self.change(items, true))); }, pyb::arg("items"),
          "Like update, but reversible: `root` stays as it is until commit, discard undoes.")
      .def("commit", [](PyTrie& self) {
        self.require_staged(true);
        self.trie.commit();
      })
      .def("discard", [](PyTrie& self) {
        self.require_staged(true);
        self.trie.discard();
      })
      .def(
          "get",
          [](const PyTrie& self, const pyb::object& key) -> std::optional<pyb::bytes> {
            const Bytes value = self.trie.get(self.key_of(key));
            if (value.size == 0) return std::nullopt;
            return to_bytes(value);
          },
          pyb::arg("key"), "The value, or None.")
      .def(
          "prove", [](const PyTrie& self, const pyb::object& key) { return bytes_list(self.trie.prove(self.key_of(key))); }, pyb::arg("key"),
          "The nodes from the root down that show the key's value or its absence.")
      .def_property_readonly("root", [](const PyTrie& self) { return to_bytes(as_bytes(self.trie.root())); })
      .def_property_readonly("memory_bytes", [](const PyTrie& self) { return self.trie.memory_bytes(); });

  m.def(
      "trie_ordered_root",
      [](const pyb::iterable& items) {
        const BytesList views(items, "item");
        for (size_t i = 0; i < views.size(); ++i)
          if (views[i].size == 0) raise(Status::bad_argument, "trie: item " + std::to_string(i) + " is empty");
        Hash32 root;
        {
          const pyb::gil_scoped_release release;
          root = state::ordered_root(views.data(), views.size());
        }
        return to_bytes(as_bytes(root));
      },
      pyb::arg("items"), "Root of the trie that maps rlp(i) to the i-th item.");
  m.def(
      "trie_root",
      [](const pyb::dict& items) {
        const pyb::list sorted = pyb::reinterpret_steal<pyb::list>(PySequence_List(items.attr("items")().ptr()));
        sorted.attr("sort")();
        pyb::list keys, values;
        for (const pyb::handle& pair : sorted) {
          const auto both = pyb::cast<std::pair<pyb::bytes, pyb::bytes>>(pair);
          keys.append(both.first);
          values.append(both.second);
        }
        const BytesList key_views(keys, "key"), value_views(values, "value");
        for (size_t i = 0; i < key_views.size(); ++i) {
          if (key_views[i].size > 256) raise(Status::bad_argument, "trie: expected keys of at most 256 bytes, found " + std::to_string(key_views[i].size));
          if (value_views[i].size == 0) raise(Status::bad_argument, "trie: a value is empty");
        }
        return to_bytes(as_bytes(state::sorted_root(key_views.data(), value_views.data(), key_views.size())));
      },
      pyb::arg("items"), "Root of the trie over the pairs of a dict, keys as they are (up to 256 bytes).");
  m.def(
      "verify_trie_proof",
      [](const pyb::object& root, const pyb::object& key, const pyb::iterable& nodes, bool secure) -> pyb::tuple {
        const Hash32 root_hash = fixed_of<32>(root, "root");
        const ReadView key_view(key, "key");
        const BytesList views(nodes, "nodes");
        const Hash32 hashed = secure ? keccak256::hash(key_view.bytes()) : Hash32{};
        Bytes value{};
        const state::Proved proved = state::verify_proof(root_hash, secure ? as_bytes(hashed) : key_view.bytes(), views.data(), views.size(), value);
        pyb::object shown = pyb::none();
        if (proved == state::Proved::present) shown = to_bytes(value);
        return pyb::make_tuple(proved != state::Proved::nothing, shown);
      },
      pyb::arg("root"), pyb::arg("key"), pyb::arg("nodes"), pyb::kw_only(), pyb::arg("secure") = true,
      "(whether the nodes are a proof for the key, the value or None for absence).");
}

// The state's surface that tests of the core need; services use Engine.
state::Changes changes_of(const pyb::iterable& rows) {
  state::Changes out;
  for (const pyb::handle& row : rows) {
    const auto fields = pyb::cast<pyb::tuple>(row);
    if (fields.size() != 4) raise(Status::bad_argument, "changes: expected (address, account or None, cleared, slots)");
    state::AccountChange change;
    change.address = fixed_of<20>(fields[0], "address");
    change.exists = !fields[1].is_none();
    if (change.exists) {
      const auto account = pyb::cast<pyb::tuple>(fields[1]);
      change.after = {pyb::cast<uint64_t>(account[0]), u256_from_int(account[1], "balance"), fixed_of<32>(account[2], "code_hash")};
    }
    change.storage_cleared = pyb::cast<bool>(fields[2]);
    for (const auto& [slot, value] : pyb::cast<pyb::dict>(fields[3]))
      change.slots.push_back({u256_from_int(slot, "slot"), U256(), u256_from_int(value, "value")});
    out.accounts.push_back(std::move(change));
  }
  std::sort(out.accounts.begin(), out.accounts.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return out;
}

std::shared_ptr<const state::Reader> reader_at(const state::World& world, uint64_t number) {
  auto reader = world.at(number);
  if (reader == nullptr) raise(Status::out_of_capacity, "state of block " + std::to_string(number) + " is not kept");
  return reader;
}

void bind_world(pyb::module_& m) {
  pyb::class_<state::World>(m, "World", "The chain's state alone, for tests of the core; services use Engine.")
      .def(pyb::init<>())
      .def(
          "stage",
          [](state::World& self, const pyb::iterable& changes) { return to_bytes(as_bytes(self.stage(changes_of(changes)))); },
          pyb::arg("changes"), "Changes: (address, (nonce, balance, code hash) or None, storage cleared, {slot: value}).")
      .def(
          "stage_diff",
          [](state::World& self, const pyb::object& diff, bool inverse) {
            const ReadView view(diff, "diff");
            const state::Changes changes = unwrap(state::decode_diff(view.bytes()));
            return to_bytes(as_bytes(self.stage(inverse ? state::inverse(changes) : changes)));
          },
          pyb::arg("diff"), pyb::kw_only(), pyb::arg("inverse") = false)
      .def("staged_diff", [](const state::World& self) { return to_bytes(as_bytes(state::encode_diff(self.staged()))); })
      .def(
          "commit",
          [](state::World& self, uint64_t number, const pyb::object& hash) { self.commit(number, fixed_of<32>(hash, "block_hash")); },
          pyb::arg("number"), pyb::arg("block_hash"))
      .def("discard", &state::World::discard)
      .def_property_readonly("root", [](const state::World& self) { return to_bytes(as_bytes(self.root())); })
      .def_property_readonly("head", &state::World::head)
      .def_property_readonly("oldest", &state::World::oldest)
      .def("set_history_blocks", &state::World::set_history_blocks, pyb::arg("count"))
      .def("set_proof_memory", &state::World::set_proof_memory, pyb::arg("size_bytes"))
      .def(
          "account",
          [](const state::World& self, const pyb::object& address, uint64_t number) -> pyb::object {
            state::Account account;
            if (!reader_at(self, number)->account(fixed_of<20>(address, "address"), account)) return pyb::none();
            return pyb::make_tuple(account.nonce, int_from_u256(account.balance), to_bytes(as_bytes(account.code_hash)));
          },
          pyb::arg("address"), pyb::arg("number"))
      .def(
          "nonces",
          [](const state::World& self, const pyb::object& addresses, bool ahead) {
            const ReadView view(addresses, "addresses");
            if (view.size() % 20 != 0) raise(Status::bad_argument, "addresses: expected 20 bytes each");
            const size_t count = view.size() / 20;
            constexpr size_t kAhead = 8;
            std::string out(8 * count, '\0');
            {
              const pyb::gil_scoped_release release;
              const auto at = [&](size_t i) { return fixed_from<20>(view.data() + 20 * i); };
              for (size_t i = 0; i < count; ++i) {
                if (ahead && i + 2 * kAhead < count) self.prefetch_index(at(i + 2 * kAhead));
                if (ahead && i + kAhead < count) self.prefetch_entry(at(i + kAhead));
                state::Account account;
                self.account(at(i), account);
                store_le64(reinterpret_cast<uint8_t*>(out.data()) + 8 * i, account.nonce);
              }
            }
            return pyb::bytes(out);
          },
          pyb::arg("addresses"), pyb::kw_only(), pyb::arg("ahead") = true,
          "Nonces at the head as u64 little-endian, zero when absent; `addresses` back to back. `ahead`: fetch coming entries early.")
      .def(
          "storage",
          [](const state::World& self, const pyb::object& address, const pyb::object& slot, uint64_t number) {
            return int_from_u256(reader_at(self, number)->storage(fixed_of<20>(address, "address"), u256_from_int(slot, "slot")));
          },
          pyb::arg("address"), pyb::arg("slot"), pyb::arg("number"))
      .def(
          "prove",
          [](const state::World& self, const pyb::object& address, const pyb::iterable& slots, uint64_t number) {
            std::vector<U256> wanted;
            for (const pyb::handle& slot : slots) wanted.push_back(u256_from_int(slot, "slot"));
            const state::AccountProof proof = unwrap(self.prove(fixed_of<20>(address, "address"), wanted, number));
            pyb::list storage;
            for (const state::StorageProof& slot : proof.storage) storage.append(pyb::make_tuple(int_from_u256(slot.value), bytes_list(slot.nodes)));
            return pyb::make_tuple(bytes_list(proof.nodes), to_bytes(as_bytes(proof.storage_root)), storage);
          },
          pyb::arg("address"), pyb::arg("slots"), pyb::arg("number"), "(account nodes, storage root, [(value, nodes)]).")
      .def("memory", [](const state::World& self) {
        const state::MemoryReport report = self.memory();
        pyb::dict out;
        out["accounts_bytes"] = report.accounts_bytes;
        out["slots_bytes"] = report.slots_bytes;
        out["trie_bytes"] = report.trie_bytes;
        out["history_bytes"] = report.history_bytes;
        out["account_count"] = report.account_count;
        out["slot_count"] = report.slot_count;
        return out;
      });
}

}  // namespace

void bind_state(pybind11::module_& m) {
  bind_trie(m);
  bind_world(m);
}

}  // namespace zg::py
