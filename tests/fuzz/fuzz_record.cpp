// Stored block records: any bytes. A view that opens never reads outside, whatever the record says.
#include <vector>

#include "evm/block/render.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zg;
  const std::vector<uint8_t> exact(data, data + size);  // a heap block of its own: one byte past its end is found
  const Outcome<evm::RecordView> record = evm::RecordView::open(as_bytes(exact));
  if (!record.ok()) return 0;
  evm::check_record(as_bytes(exact));
  evm::block_json(*record, true);
  evm::receipts_json(*record);
  record->block_rlp();
  record->requests();
  evm::JsonWriter out;
  out.begin_array();
  evm::write_logs(out, *record, {}, 1000);
  out.end_array();
  return 0;
}
