#!/bin/sh
# run.sh [SECONDS] [TARGET …]: builds the libFuzzer targets (clang, address and undefined-behaviour sanitizers) and runs each
# for SECONDS from its kept corpus and regressions. A crash is written to tests/fuzz/regressions/<target>/.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-10}
[ $# -gt 0 ] && shift
CLANG=${CLANG:-clang}
command -v "$CLANG++" >/dev/null || { echo "no $CLANG++: apt-get install clang" >&2; exit 1; }
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DZEROG_FUZZ=ON -DZEROG_BINDINGS=OFF -DZEROG_SANITIZE=address \
  -DCMAKE_C_COMPILER="$CLANG" -DCMAKE_CXX_COMPILER="$CLANG++" ${ZEROG_CMAKE_ARGS:-} >/dev/null
cmake --build build/fuzz --target fuzzers
for source in tests/fuzz/fuzz_*.cpp; do
  name=$(basename "$source" .cpp)
  target=${name#fuzz_}
  [ $# -eq 0 ] || case " $* " in *" $target "*) ;; *) continue ;; esac
  mkdir -p "build/fuzz/corpus/$target" "tests/fuzz/regressions/$target"
  "build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="tests/fuzz/regressions/$target/" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" "tests/fuzz/regressions/$target"
done
