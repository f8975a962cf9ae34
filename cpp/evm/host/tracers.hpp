// The tracers behind debug_trace*: geth's callTracer, prestateTracer and struct logger, with the JSON that geth writes.
//
// Make one for each transaction, hand it to transact(), then ask for json(). A refused transaction leaves no trace.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status.hpp"
#include "evm/host/tracer.hpp"
#include "evm/host/transact.hpp"

namespace zg::evm {

// geth's names: onlyTopCall, withLog (callTracer); diffMode, disableCode, disableStorage, includeEmpty (prestateTracer);
// disableStack, disableStorage, enableMemory, enableReturnData, limit (struct logger).
struct TracerConfig {
  bool only_top_call = false, with_log = false;
  bool diff_mode = false, disable_code = false, disable_storage = false, include_empty = false;
  bool disable_stack = false, enable_memory = false, enable_return_data = false;
  uint64_t limit = 0;  // struct logger: at most this many steps; 0: no limit but kTraceBytesMax
};

// A trace whose text would pass this is given up: json() then fails with out_of_capacity.
inline constexpr size_t kTraceBytesMax = size_t{256} << 20;

class JsonTracer : public Tracer {
 public:
  // The trace of the transaction that ended with `result`: one JSON value.
  virtual Outcome<std::string> json(const TxResult& result) = 0;
};

// `name`: "callTracer", "prestateTracer", "" for the struct logger. bad_argument for another name.
Outcome<std::unique_ptr<JsonTracer>> make_tracer(std::string_view name, const TracerConfig& config);

}  // namespace zg::evm
