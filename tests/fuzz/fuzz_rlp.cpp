// Any bytes: what is accepted must be canonical (it encodes to itself), and a reader that asks for the wrong things must fail
// cleanly, without a read outside the input.
#include <cstdlib>

#include "rlp/api.hpp"

using namespace zg;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void copy_items(rlp::Decoder& decoder, rlp::Encoder& encoder) {
  while (!decoder.at_end()) {
    if (!decoder.next_is_list()) {
      encoder.bytes(decoder.bytes());
      continue;
    }
    rlp::Decoder inner = decoder.list();
    const size_t mark = encoder.open_list();
    copy_items(inner, encoder);
    encoder.close_list(mark);
  }
}

// Reads whatever the choices say, whether or not it is there.
void read_freely(rlp::Decoder& decoder, Bytes& choices, unsigned depth) {
  while (choices.size != 0 && depth < 100) {
    const uint8_t choice = choices.data[0];
    choices = {choices.data + 1, choices.size - 1};
    switch (choice % 8) {
      case 0: decoder.bytes(); break;
      case 1: decoder.fixed<20>(); break;
      case 2: decoder.fixed_or_empty<32>(); break;
      case 3: decoder.number_u64(); break;
      case 4: decoder.number_u256(); break;
      case 5: decoder.raw(); break;
      case 6: {
        rlp::Decoder inner = decoder.list();
        read_freely(inner, choices, depth + 1);
        if (inner.failed()) require(decoder.failed());
        break;
      }
      default: decoder.finish(); return;
    }
    if (decoder.failed()) require(decoder.at_end() && decoder.bytes().size == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input{data, size};
  if (rlp::check_canonical(input) == nullptr) {
    rlp::Decoder decoder(input);
    rlp::Encoder encoder;
    copy_items(decoder, encoder);
    require(!decoder.failed() && encoder.size() == size && std::memcmp(encoder.view().data, data, size) == 0);
  }
  const size_t half = size / 2;
  rlp::Decoder decoder({data, half});
  Bytes choices{data + half, size - half};
  read_freely(decoder, choices, 0);
  return 0;
}
