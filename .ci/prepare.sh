# Sourced by ./demo and ./check from the root of the tree: system packages and .venv.
#
# need PACKAGE TEST ...: when TEST (a shell command) fails, PACKAGE is missing. All missing ones are installed in one go as
# root, or named in the one line to type.

missing=""
need() {
  if ! sh -c "$2" >/dev/null 2>&1; then missing="$missing $1"; fi
}

install_missing() {
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "missing (Debian's names):$missing" >&2
    exit 3
  fi
  line="apt-get install -y --no-install-recommends$missing"
  if [ "$(id -u)" = 0 ]; then
    echo "+ $line"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
  else
    echo "Some system packages are missing. Type this, then try again:" >&2
    echo "  sudo apt-get update && sudo $line" >&2
    exit 3
  fi
}

find_python() {
  for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then return 0; fi
  done
  echo "Python 3.11 or newer is needed; say which with PYTHON=/path/to/python3" >&2
  exit 3
}

need_to_build() {
  need python3-venv "$python -c 'import ensurepip, venv'"
  need python3-dev "$python -c 'import os, sysconfig; open(os.path.join(sysconfig.get_path(\"include\"), \"Python.h\"))'"
  need g++ '${CXX:-c++} --version'
}
