// Engine methods behind debug_trace*: replays with a tracer watching.
#include "chain.hpp"
#include "evm/block/json.hpp"
#include "evm/host/tracers.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::Engine;
using Release = pyb::gil_scoped_release;

namespace {

evm::TracerConfig parse_tracer_config(const pyb::dict& fields) {
  evm::TracerConfig config;
  const std::pair<const char*, bool*> switches[] = {
      {"onlyTopCall", &config.only_top_call},      {"withLog", &config.with_log},
      {"diffMode", &config.diff_mode},             {"disableCode", &config.disable_code},
      {"disableStorage", &config.disable_storage}, {"includeEmpty", &config.include_empty},
      {"disableStack", &config.disable_stack},     {"enableMemory", &config.enable_memory},
      {"enableReturnData", &config.enable_return_data},
  };
  for (const auto& [key, value] : fields) {
    const std::string name = key.cast<std::string>();
    if (value.is_none()) continue;
    if (name == "limit") {
      config.limit = to_u64(value, "limit");
      continue;
    }
    bool known = false;
    for (const auto& [wanted, target] : switches) {
      if (name != wanted) continue;
      if (!PyBool_Check(value.ptr())) raise(Status::bad_argument, "tracer config: " + name + ": expected true or false");
      *target = value.cast<bool>();
      known = true;
    }
    if (!known) raise(Status::bad_argument, "tracer config: unknown field " + name);
  }
  return config;
}

using evm::RecordView;

// Traces of the transactions first … last of a block, each given to `take` as it comes.
std::optional<Failure> trace_range(const evm::View& parent, const evm::ChainConfig& config, const RecordView& record, size_t first, size_t last,
                                   const std::string& name, const evm::TracerConfig& options, uint64_t deadline_ms,
                                   const std::function<void(size_t, const std::string&)>& take) {
  std::unique_ptr<evm::JsonTracer> tracer;
  std::optional<Failure> failure;
  size_t taken = 0;
  const auto before = [&](size_t index) -> evm::Tracer* {
    tracer.reset();
    if (index < first || failure) return nullptr;
    Outcome<std::unique_ptr<evm::JsonTracer>> made = evm::make_tracer(name, options);
    if (!made.ok()) {
      failure = made.failure();
      return nullptr;
    }
    tracer = std::move(*made);
    return tracer.get();
  };
  const auto after = [&](size_t index, const evm::TxResult& result) {
    if (!tracer || failure) return;
    Outcome<std::string> json = tracer->json(result);
    if (!json.ok()) {
      failure = json.failure();
      return;
    }
    taken += json->size();
    if (taken > evm::kTraceBytesMax) failure = Failure{Status::out_of_capacity, "the traces of this block are too large: trace its transactions one by one"};
    else take(index, *json);
  };
  std::optional<Failure> replayed = evm::replay_block(parent, config, record, last, before, after, deadline_ms);
  return failure ? failure : replayed;
}

[[noreturn]] void raise_trace(const Failure& failure) {
  if (failure.message == "execution timeout") raise_named("TimedOut", failure.message);
  raise_stored(failure);
}

RecordView open_record(const ReadView& view) {
  Outcome<RecordView> record = RecordView::open(view.bytes());
  if (!record.ok()) raise_stored(record.failure());
  return *record;
}

pyb::bytes trace_transaction(const Engine& engine, const pyb::object& bytes, size_t index, uint64_t parent_number, const std::string& tracer,
                             const pyb::dict& config, uint64_t deadline_ms) {
  const ReadView view(bytes, "record");
  const RecordView record = open_record(view);
  if (index >= record.transaction_count()) raise_named("NotFound", "transaction " + std::to_string(index) + " is not in the block");
  const evm::View parent = view_at(engine, parent_number);
  const evm::TracerConfig options = parse_tracer_config(config);
  std::string json;
  std::optional<Failure> failure;
  {
    const Release release;
    failure = trace_range(parent, engine.config(), record, index, index, tracer, options, deadline_ms,
                          [&](size_t, const std::string& text) { json = text; });
  }
  if (failure) raise_trace(*failure);
  return from_string(json);
}

pyb::bytes trace_block(const Engine& engine, const pyb::object& bytes, uint64_t parent_number, const std::string& tracer, const pyb::dict& config,
                       uint64_t deadline_ms) {
  const ReadView view(bytes, "record");
  const RecordView record = open_record(view);
  const evm::View parent = view_at(engine, parent_number);
  const evm::TracerConfig options = parse_tracer_config(config);
  evm::JsonWriter out;
  std::optional<Failure> failure;
  {
    const Release release;
    out.begin_array();
    failure = trace_range(parent, engine.config(), record, 0, SIZE_MAX, tracer, options, deadline_ms, [&](size_t i, const std::string& text) {
      out.begin_object();
      out.data("txHash", record.transaction_hash(i));
      out.key("result");
      out.raw(text);
      out.end_object();
    });
    out.end_array();
  }
  if (failure) raise_trace(*failure);
  return from_string(out.view());
}

pyb::bytes trace_call(const Engine& engine, const pyb::dict& request, std::optional<uint64_t> number, const std::string& tracer,
                      const pyb::dict& config, const pyb::object& overrides, const pyb::object& block_overrides, uint64_t deadline_ms) {
  const evm::CallContext context = call_context(engine, number, overrides, block_overrides, deadline_ms, 0);
  const evm::CallRequest parsed = parse_call(request);
  const evm::TracerConfig options = parse_tracer_config(config);
  std::optional<Failure> failure;
  std::string json;
  {
    const Release release;
    Outcome<std::unique_ptr<evm::JsonTracer>> made = evm::make_tracer(tracer, options);
    if (!made.ok()) {
      failure = made.failure();
    } else {
      const evm::TxResult result = evm::call(context, parsed, made->get());
      if (result.halt == evm::Halt::deadline) failure = Failure{Status::out_of_capacity, "execution timeout"};
      else if (result.error != evm::TxError::none) failure = Failure{Status::bad_argument, result.error_message};
      else if (Outcome<std::string> text = (*made)->json(result); text.ok()) json = std::move(*text);
      else failure = text.failure();
    }
  }
  if (failure) raise_trace(*failure);
  return from_string(json);
}

}  // namespace

void bind_chain_traces(EngineClass& c) {
  c.def("trace_transaction", &trace_transaction, pyb::arg("record"), pyb::arg("index"), pyb::arg("parent_number"), pyb::arg("tracer") = "",
        pyb::arg("config") = pyb::dict(), pyb::kw_only(), pyb::arg("deadline_ms") = 10000,
        R"(debug_traceTransaction: run a stored block up to one transaction on its parent's state, watching that one.

Args:
    tracer: "callTracer", "prestateTracer", or "" for the struct logger.
    config: geth's names: onlyTopCall, withLog; diffMode, disableCode, disableStorage, includeEmpty; disableStack,
        enableMemory, enableReturnData, limit.

Returns:
    JSON as geth writes it.

Raises:
    NotFound: no such index, or the parent's height is not kept. InvalidInput: no such tracer or setting. TimedOut. Exhausted:
    the trace is too large.)");
  c.def("trace_block", &trace_block, pyb::arg("record"), pyb::arg("parent_number"), pyb::arg("tracer") = "", pyb::arg("config") = pyb::dict(),
        pyb::kw_only(), pyb::arg("deadline_ms") = 10000, "debug_traceBlockBy…: JSON [{txHash, result}]; arguments and errors as trace_transaction.");
  c.def("trace_call", &trace_call, pyb::arg("request"), pyb::arg("number") = pyb::none(), pyb::arg("tracer") = "", pyb::arg("config") = pyb::dict(),
        pyb::kw_only(), pyb::arg("overrides") = pyb::none(), pyb::arg("block_overrides") = pyb::none(), pyb::arg("deadline_ms") = 10000,
        "debug_traceCall: JSON; the request as call() takes it, tracer and errors as trace_transaction.");
}

}  // namespace zg::py
