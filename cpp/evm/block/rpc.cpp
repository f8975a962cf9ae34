#include "evm/block/rpc.hpp"

#include <yyjson.h>

#include <memory>

#include "evm/block/json.hpp"

namespace zg::evm {

namespace {

enum class Method { chain_id, net_version, block_number, balance, transaction_count, code, storage, send };

struct Call {
  Method method = Method::chain_id;
  yyjson_val* id = nullptr;
  bool pending = false;
  Address address{};
  U256 slot;
  size_t sent = 0;  // index among the transactions
};

std::string_view text_of(yyjson_val* value) { return {yyjson_get_str(value), yyjson_get_len(value)}; }

std::optional<Method> method_of(std::string_view name) {
  constexpr std::pair<std::string_view, Method> kMethods[] = {
      {"eth_sendRawTransaction", Method::send},    {"eth_getTransactionCount", Method::transaction_count},
      {"eth_getBalance", Method::balance},         {"eth_chainId", Method::chain_id},
      {"eth_blockNumber", Method::block_number},   {"eth_getStorageAt", Method::storage},
      {"eth_getCode", Method::code},               {"net_version", Method::net_version},
  };
  for (const auto& [known, method] : kMethods)
    if (name == known) return method;
  return std::nullopt;
}

std::optional<std::vector<uint8_t>> data_of(yyjson_val* value) {
  if (!yyjson_is_str(value)) return std::nullopt;
  const std::string_view text = text_of(value);
  if (text.size() < 2 || text[0] != '0' || text[1] != 'x') return std::nullopt;
  return from_hex(text);
}

// A quantity, or up to 32 bytes with leading zeros.
std::optional<U256> slot_of(yyjson_val* value) {
  if (!yyjson_is_str(value)) return std::nullopt;
  const std::string_view text = text_of(value);
  if (text.size() < 3 || text.size() > 66 || text[0] != '0' || text[1] != 'x') return std::nullopt;
  return parse_u256(text);
}

// At the head: absent, or one of the tags that mean it.
bool reads_head(yyjson_val* value, bool& pending) {
  if (value == nullptr || yyjson_is_null(value)) return true;
  if (!yyjson_is_str(value)) return false;
  const std::string_view tag = text_of(value);
  pending = tag == "pending";
  return pending || tag == "latest" || tag == "safe" || tag == "finalized";
}

// One request, or nothing when it is not in plain form.
std::optional<Call> parse(yyjson_val* request, std::vector<std::vector<uint8_t>>& raws) {
  if (!yyjson_is_obj(request) || yyjson_obj_size(request) > 4) return std::nullopt;
  yyjson_val *version = nullptr, *method = nullptr, *params = nullptr;
  Call call;
  size_t i, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(request, i, count, key, value) {
    const std::string_view name = text_of(key);
    yyjson_val** const place = name == "jsonrpc" ? &version : name == "id" ? &call.id : name == "method" ? &method : name == "params" ? &params : nullptr;
    if (place == nullptr || *place != nullptr) return std::nullopt;  // unknown, or given twice
    *place = value;
  }
  if (!version || !yyjson_is_str(version) || text_of(version) != "2.0" || !method || !yyjson_is_str(method)) return std::nullopt;
  if (!call.id || !(yyjson_is_str(call.id) || yyjson_is_int(call.id))) return std::nullopt;
  if (params && !yyjson_is_arr(params)) return std::nullopt;
  const auto known = method_of(text_of(method));
  if (!known) return std::nullopt;
  call.method = *known;
  const size_t given = params ? yyjson_arr_size(params) : 0;
  yyjson_val* const first = given > 0 ? yyjson_arr_get(params, 0) : nullptr;
  switch (call.method) {
    case Method::chain_id:
    case Method::net_version:
    case Method::block_number:
      return given == 0 ? std::optional(call) : std::nullopt;
    case Method::send: {
      if (given != 1) return std::nullopt;
      auto raw = data_of(first);
      if (!raw) return std::nullopt;
      call.sent = raws.size();
      raws.push_back(std::move(*raw));
      return call;
    }
    case Method::balance:
    case Method::transaction_count:
    case Method::code:
    case Method::storage:
      break;
  }
  const size_t tag_at = call.method == Method::storage ? 2 : 1;
  if (given < tag_at || given > tag_at + 1) return std::nullopt;
  const auto address = data_of(first);
  if (!address || address->size() != 20) return std::nullopt;
  call.address = fixed_from<20>(address->data());
  if (call.method == Method::storage) {
    const auto slot = slot_of(yyjson_arr_get(params, 1));
    if (!slot) return std::nullopt;
    call.slot = *slot;
  }
  return reads_head(yyjson_arr_get(params, tag_at), call.pending) ? std::optional(call) : std::nullopt;
}

void write_result(JsonWriter& out, Engine& engine, const View& view, const Call& call) {
  state::Account account;
  switch (call.method) {
    case Method::chain_id:
      return out.quantity(engine.config().chain_id);
    case Method::net_version:
      return out.text(std::to_string(engine.config().chain_id));
    case Method::block_number:
      return out.quantity(view.head->header.number);
    case Method::balance:
      view.state->account(call.address, account);
      return out.quantity(account.balance);
    case Method::transaction_count: {
      if (call.pending)
        if (const auto next = engine.pool().next_nonce(call.address)) return out.quantity(*next);
      view.state->account(call.address, account);
      return out.quantity(account.nonce);
    }
    case Method::code: {
      const bool exists = view.state->account(call.address, account);
      const state::CodePtr code = exists ? view.state->code(account.code_hash) : nullptr;
      return out.data(code ? as_bytes(*code) : Bytes{nullptr, 0});
    }
    case Method::storage:
      return out.data(view.state->storage(call.address, call.slot).to_hash());
    case Method::send:
      return;  // written by the caller
  }
}

void write_id(JsonWriter& out, yyjson_val* id) {
  if (yyjson_is_str(id)) out.text(text_of(id));
  else if (yyjson_is_uint(id)) out.decimal(yyjson_get_uint(id));
  else out.raw(std::to_string(yyjson_get_sint(id)));
}

}  // namespace

std::optional<RpcBatch> rpc_batch(Engine& engine, Bytes body, size_t calls_max) {
  const auto view_data = reinterpret_cast<const char*>(body.data);
  const std::unique_ptr<yyjson_doc, decltype(&yyjson_doc_free)> document(yyjson_read(view_data, body.size, YYJSON_READ_NOFLAG), &yyjson_doc_free);
  if (!document) return std::nullopt;
  yyjson_val* const root = yyjson_doc_get_root(document.get());
  const bool many = yyjson_is_arr(root);
  if (many && (yyjson_arr_size(root) == 0 || yyjson_arr_size(root) > calls_max)) return std::nullopt;

  std::vector<Call> calls;
  std::vector<std::vector<uint8_t>> raws;
  if (many) {
    calls.reserve(yyjson_arr_size(root));
    size_t i, count;
    yyjson_val* entry;
    yyjson_arr_foreach(root, i, count, entry) {
      auto call = parse(entry, raws);
      if (!call) return std::nullopt;
      calls.push_back(*call);
    }
  } else {
    auto call = parse(root, raws);
    if (!call) return std::nullopt;
    calls.push_back(*call);
  }

  RpcBatch out;
  out.calls = calls.size();
  std::vector<txpool::Admission> answers;
  if (!raws.empty()) {
    std::vector<Bytes> views;
    for (const auto& raw : raws) views.push_back(as_bytes(raw));
    answers = engine.pool().add(views.data(), views.size(), true);
  }
  const View view = engine.view(std::nullopt);
  if (!view.state) return std::nullopt;  // before genesis nothing can have been admitted

  JsonWriter json;
  json.reserve(calls.size() * 110);
  if (many) json.begin_array();
  for (const Call& call : calls) {
    json.begin_object();
    json.key("jsonrpc");
    json.text("2.0");
    json.key("id");
    write_id(json, call.id);
    if (call.method == Method::send && !answers[call.sent].error.empty()) {
      ++out.refused;
      json.key("error");
      json.begin_object();
      json.key("code");
      json.raw("-32000");
      json.key("message");
      json.text(answers[call.sent].error);
      json.end_object();
    } else {
      json.key("result");
      if (call.method == Method::send) {
        json.data(answers[call.sent].hash);
        out.hashes.push_back(answers[call.sent].hash);
        out.admitted.push_back(std::move(raws[call.sent]));
      } else {
        write_result(json, engine, view, call);
      }
    }
    json.end_object();
  }
  if (many) json.end_array();
  out.response = json.take();
  return out;
}

}  // namespace zg::evm
