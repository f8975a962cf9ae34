#include "rlp/api.hpp"

#include <string>

#include "check.hpp"
#include "common/digest.hpp"

using namespace zg;

namespace {

std::string encoded(const std::vector<uint8_t>& bytes) {
  rlp::Encoder encoder;
  encoder.bytes(as_bytes(bytes));
  CHECK(encoder.size() == rlp::size_of_bytes(as_bytes(bytes)));
  return to_hex(encoder.view());
}

std::string encoded(const U256& number) {
  rlp::Encoder encoder;
  encoder.number(number);
  CHECK(encoder.size() == rlp::size_of_number(number));
  if (number.fits_u64()) {
    rlp::Encoder narrow;
    narrow.number(number.w[0]);
    CHECK(to_hex(narrow.view()) == to_hex(encoder.view()));
    CHECK(rlp::size_of_number(number.w[0]) == encoder.size());
  }
  return to_hex(encoder.view());
}

bool canonical(const char* hex) { return rlp::check_canonical(as_bytes(*from_hex(hex))) == nullptr; }

void encodes() {
  CHECK(encoded(std::vector<uint8_t>{}) == "80");
  CHECK(encoded(std::vector<uint8_t>{0x7f}) == "7f");
  CHECK(encoded(std::vector<uint8_t>{0x80}) == "8180");
  CHECK(encoded(std::vector<uint8_t>(55, 1)).substr(0, 4) == "b701");
  CHECK(encoded(std::vector<uint8_t>(56, 1)).substr(0, 6) == "b83801");
  CHECK(encoded(std::vector<uint8_t>(256, 1)).substr(0, 8) == "b9010001");
  CHECK(encoded(U256(0)) == "80");
  CHECK(encoded(U256(127)) == "7f");
  CHECK(encoded(U256(128)) == "8180");
  CHECK(encoded(U256(1024)) == "820400");
  CHECK(encoded(U256::max()) == "a0" + std::string(64, 'f'));
  for (const size_t size : {0, 1, 54, 55, 56, 57, 255, 256, 65535, 65536}) {
    const std::vector<uint8_t> item(size, 0x05);  // each byte is an item of its own
    rlp::Encoder open, sized;
    const size_t mark = open.open_list();
    open.raw(as_bytes(item));
    open.close_list(mark);
    sized.list_header(size);
    sized.raw(as_bytes(item));
    CHECK(open.take() == std::vector<uint8_t>(sized.view().data, sized.view().data + sized.size()));
    CHECK(sized.size() == rlp::size_of_list(size));
    CHECK(rlp::check_canonical(sized.view()) == nullptr);
  }
}

void decodes() {
  const auto raw = *from_hex("c88305060781800180");
  rlp::Decoder outer(as_bytes(raw));
  CHECK(outer.next_is_list());
  rlp::Decoder list = outer.list();
  CHECK(list.fixed<3>() == (Fixed<3>{{5, 6, 7}}));
  CHECK(list.number_u64() == 0x80);
  CHECK(list.number_u256() == U256(1));
  CHECK(!list.fixed_or_empty<20>().has_value());
  CHECK(list.at_end());
  list.finish();
  outer.finish();
  CHECK(!outer.failed());

  // The first failure sticks, and the outer list sees it.
  rlp::Decoder again(as_bytes(raw));
  rlp::Decoder inner = again.list();
  CHECK(inner.fixed<4>() == Fixed<4>{});
  CHECK(inner.failed() && again.failed());
  const std::string reason = again.error();
  CHECK(inner.number_u64() == 0 && inner.bytes().size == 0 && inner.list().bytes().size == 0);
  CHECK(reason == again.error());
  CHECK(inner.at_end());

  rlp::Decoder left(as_bytes(raw));
  rlp::Decoder unread = left.list();
  unread.bytes();
  unread.finish();
  CHECK(left.failed());

  const auto big = *from_hex("89010000000000000000");
  rlp::Decoder number(as_bytes(big));
  CHECK(number.number_u64() == 0 && number.failed());
  rlp::Decoder wide(as_bytes(big));
  CHECK(wide.number_u256() == U256(0, 1, 0, 0) && !wide.failed());
  const auto whole = *from_hex("c20102c0");
  rlp::Decoder raws(as_bytes(whole));
  CHECK(raws.raw().size == 3 && raws.raw().size == 1 && raws.at_end() && !raws.failed());
}

void refuses() {
  CHECK(canonical("80") && canonical("c0") && canonical("c3010203") && canonical("00"));
  CHECK(!canonical(""));
  CHECK(!canonical("8100"));              // single byte as a string
  CHECK(!canonical("817f"));
  CHECK(!canonical("81"));                // truncated
  CHECK(!canonical("b800"));              // long form of a short length
  CHECK(!canonical("b837" "00"));
  CHECK(!canonical("b90038"));            // leading zero in the length
  CHECK(!canonical("bfffffffffffffffff"));
  CHECK(!canonical("ffffffffffffffffff"));
  CHECK(!canonical("c10102"));            // left over
  CHECK(!canonical("c28101"));            // bad inside
  CHECK(!canonical("f800") && !canonical("f90001") && !canonical("c2c1"));
  for (const char* number : {"00", "820001", "a1010000000000000000000000000000000000000000000000000000000000000000"}) {
    const auto raw = *from_hex(number);
    rlp::Decoder decoder(as_bytes(raw));
    decoder.number_u256();
    CHECK(decoder.failed());
  }
  std::vector<uint8_t> deep;
  rlp::Encoder encoder;
  std::vector<size_t> marks;
  for (unsigned i = 0; i < rlp::kDepthMax; ++i) marks.push_back(encoder.open_list());
  for (unsigned i = rlp::kDepthMax; i-- > 0;) encoder.close_list(marks[i]);
  CHECK(rlp::check_canonical(encoder.view()) == nullptr);
  rlp::Encoder deeper;
  deeper.list_header(encoder.size());
  deeper.raw(encoder.view());
  CHECK(rlp::check_canonical(deeper.view()) != nullptr);
}

}  // namespace

int main() {
  encodes();
  decodes();
  refuses();
  return check_report();
}
