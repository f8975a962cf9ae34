// The precompiles at the edges of their inputs, from several threads at once; outputs are compared with other
// implementations in tests/precompiles and tests/differential.
#include <atomic>
#include <string>

#include "check.hpp"
#include "common/digest.hpp"
#include "common/parallel.hpp"
#include "evm/precompiles/api.hpp"

using namespace zg;
using namespace zg::evm;

namespace {

Address number(uint8_t n) {
  Address a{};
  a.b[19] = n;
  return a;
}
Rules rules(Fork fork) {
  Rules r;
  r.fork = fork;
  return r;
}
precompiles::PrecompileResult run(uint8_t n, const std::vector<uint8_t>& input, uint64_t gas = 100000000, Fork fork = Fork::prague) {
  return precompiles::run(number(n), as_bytes(input), gas, rules(fork));
}
std::vector<uint8_t> hex(std::string_view text) { return *from_hex(text); }
bool answers(const precompiles::PrecompileResult& r, std::string_view output, uint64_t gas) {
  return r.success && r.gas_used == gas && to_hex(as_bytes(r.output)) == output;
}
bool rejected(const precompiles::PrecompileResult& r, uint64_t gas = 100000000) {
  return !r.success && r.gas_used == gas && r.output.empty();
}

const std::string kGenerator = std::string(63, '0') + "1" + std::string(63, '0') + "2";
const std::string kTwistGenerator =
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
const std::string kMinusGenerator =
    std::string(63, '0') + "1" + "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd45";

void test_addresses() {
  for (const Fork fork : {Fork::cancun, Fork::prague}) {
    const uint64_t last = precompiles::last_precompile(fork);
    CHECK(last == (fork == Fork::cancun ? 0x0a : 0x11));
    for (int n = 0; n < 256; ++n)
      CHECK(precompiles::is_precompile(number(static_cast<uint8_t>(n)), rules(fork)) == (n >= 1 && n <= static_cast<int>(last)));
    Address high = number(1);
    high.b[0] = 1;
    CHECK(!precompiles::is_precompile(high, rules(fork)));
    Rules zerog = rules(fork);
    zerog.zerog_precompiles = true;
    Address stateful = number(0);
    stateful.b[18] = 0x10;
    CHECK(!precompiles::is_precompile(stateful, zerog));
    const auto nothing = precompiles::run(high, Bytes{nullptr, 0}, 5, rules(fork));
    CHECK(nothing.success && nothing.gas_used == 0 && nothing.output.empty());
  }
}

void test_every_length() {
  // No input and no gas; every length up to 700 of zeros and of ones: an answer within the gas, never a fault.
  for (uint8_t n = 1; n <= 0x11; ++n) {
    for (const int fill : {0x00, 0x01, 0xff}) {
      std::vector<uint8_t> input;
      for (size_t size = 0; size <= 700; ++size) {
        const uint64_t gas = size % 2 == 0 ? 10000000 : 300000;
        if ((n != 8 && n != 15) || size % 16 == 0) {
          const auto result = run(n, input, gas);
          CHECK(result.gas_used <= gas);
          if (!result.success) CHECK(result.gas_used == gas && result.output.empty());
        }
        input.push_back(static_cast<uint8_t>(fill));
      }
    }
    const auto unpaid = run(n, {}, 0);
    CHECK(!unpaid.success && unpaid.gas_used == 0);
  }
}

void test_known_answers() {
  const std::vector<uint8_t> abc{'a', 'b', 'c'};
  CHECK(answers(run(2, abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 72));
  CHECK(answers(run(3, abc), std::string(24, '0') + "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc", 720));
  CHECK(answers(run(4, abc), "616263", 18));
  CHECK(answers(run(6, hex(kGenerator + kMinusGenerator)), std::string(128, '0'), 150));
  CHECK(answers(run(8, {}), std::string(63, '0') + "1", 45000));
  CHECK(answers(run(8, hex(kGenerator + kTwistGenerator)), std::string(64, '0'), 79000));
  CHECK(answers(run(8, hex(kGenerator + kTwistGenerator + kMinusGenerator + kTwistGenerator)), std::string(63, '0') + "1", 113000));
  // EIP-152, the hash of "abc".
  const std::string blake =
      "0000000c48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e13"
      "19cde05b616263" + std::string(250, '0') + "03" + std::string(30, '0') + "01";
  const std::string digest =
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
  CHECK(answers(run(9, hex(blake)), digest, 12));
  CHECK(rejected(run(9, hex(blake), 11), 11));
  CHECK(rejected(run(9, hex(blake.substr(2)))));
  CHECK(rejected(run(9, hex(blake.substr(0, blake.size() - 1) + "2"))));
  CHECK(rejected(run(8, std::vector<uint8_t>(191))));
  // No key: success with nothing.
  CHECK(answers(run(1, std::vector<uint8_t>(128)), "", 3000));
  CHECK(rejected(run(1, std::vector<uint8_t>(128), 2999), 2999));
}

// KZG of the zero polynomial: commitment and proof are the point at infinity, the value is zero everywhere.
std::vector<uint8_t> kzg_input() {
  const std::string infinity = "c0" + std::string(94, '0');
  return hex("010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014" + std::string(63, '0') + "7" + std::string(64, '0') +
             infinity + infinity);
}

void test_kzg() {
  const std::string answer = std::string(60, '0') + "1000" + "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
  CHECK(answers(run(10, kzg_input()), answer, 50000));
  const std::vector<uint8_t> good = kzg_input();
  for (const size_t at : {0, 1, 31, 95, 96, 97, 143, 144, 145, 191}) {
    std::vector<uint8_t> bad = good;
    bad[at] ^= 1;
    CHECK(rejected(run(10, bad)));
  }
  std::vector<uint8_t> other_z = good;
  other_z[63] ^= 1;  // another place: still zero there
  CHECK(run(10, other_z).success);
  const std::vector<uint8_t> order = hex("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
  for (const size_t at : {32, 64}) {
    std::vector<uint8_t> bad = good;
    std::copy(order.begin(), order.end(), bad.begin() + static_cast<ptrdiff_t>(at));
    CHECK(rejected(run(10, bad)));
  }
  CHECK(rejected(run(10, {good.begin(), good.end() - 1})));
}

void test_threads() {
  // Tables and constants made on first use must be safe to reach from any thread.
  std::atomic<int> wrong{0};
  const std::vector<uint8_t> pair = hex(kGenerator + kTwistGenerator + kMinusGenerator + kTwistGenerator);
  set_thread_count(4);
  parallel_for(24, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (!run(10, kzg_input()).success) ++wrong;
      if (run(8, pair).output.back() != 1) ++wrong;
      if (run(16, std::vector<uint8_t>(64)).output.size() != 128) ++wrong;
    }
  });
  set_thread_count(0);
  CHECK(wrong == 0);
}

}  // namespace

int main() {
  test_addresses();
  test_known_answers();
  test_kzg();
  test_threads();
  test_every_length();
  return check_report();
}
