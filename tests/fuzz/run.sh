#!/bin/sh
# run.sh [SECONDS] [TARGET …]: builds the libFuzzer targets (clang, address and undefined-behaviour sanitizers) and runs each
# for SECONDS from its kept corpus and regressions, as many at a time as there are cores. The words of each are kept in
# build/fuzz/<target>.log and shown if it fails. A crash is written to tests/fuzz/regressions/<target>/.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-10}
[ $# -gt 0 ] && shift

if [ "${ZEROG_FUZZ_ONE:-}" ]; then
  target=$ZEROG_FUZZ_ONE
  mkdir -p "build/fuzz/corpus/$target" "tests/fuzz/regressions/$target"
  log=build/fuzz/$target.log
  if ! "build/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="tests/fuzz/regressions/$target/" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" "tests/fuzz/regressions/$target" >"$log" 2>&1; then
    cat "$log" >&2
    echo "$target: failed; its input is in tests/fuzz/regressions/$target" >&2
    exit 1
  fi
  printf '%-24s %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  exit
fi

CLANG=${CLANG:-clang}
command -v "$CLANG++" >/dev/null || { echo "no $CLANG++: apt-get install clang" >&2; exit 1; }
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DZEROG_FUZZ=ON -DZEROG_BINDINGS=OFF -DZEROG_SANITIZE=address \
  -DCMAKE_C_COMPILER="$CLANG" -DCMAKE_CXX_COMPILER="$CLANG++" ${ZEROG_CMAKE_ARGS:-} >/dev/null
cmake --build build/fuzz --target fuzzers
targets=""
for source in tests/fuzz/fuzz_*.cpp; do
  target=$(basename "$source" .cpp)
  target=${target#fuzz_}
  [ $# -eq 0 ] || case " $* " in *" $target "*) ;; *) continue ;; esac
  targets="$targets $target"
done
[ "$targets" ] || { echo "no such target: $*" >&2; exit 2; }
# shellcheck disable=SC2086
printf '%s\n' $targets | xargs -P "$(nproc)" -I TARGET env ZEROG_FUZZ_ONE=TARGET tests/fuzz/run.sh "$seconds"
