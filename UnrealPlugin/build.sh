#!/usr/bin/env bash
# Builds and tests the C++ side: the core library, then the plugin's modules on the shim with their headless host.
#
#     UnrealPlugin/build.sh needs            says what is missing; exit 3 if something is
#     UnrealPlugin/build.sh install          installs it where it may (apt-get as root or by sudo without a password);
#                                            exit 3 and the command to type where it may not
#     UnrealPlugin/build.sh core [PRESET...]    the core library (dev), tested
#     UnrealPlugin/build.sh plugin [PRESET...]  the modules (dev, and clang where there is clang++), tested
#     UnrealPlugin/build.sh host             the headless host alone, untested
#
# A second run builds what changed, nothing else. Windows: the CMake presets of both folders do the same by themselves.
set -euo pipefail
cd "$(dirname "$0")/MicroExpression"

CORE=Source/MicroExprCore
PLUGIN=Tests
# Names of Debian 12 and of what came after it.
PACKAGES="cmake ninja-build g++ clang pkg-config libgrpc++-dev libprotobuf-dev protobuf-compiler"

jobs=$(getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs} CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$jobs}

have() { command -v "$1" > /dev/null; }

# What is not there, by name; nothing if all is.
missing() {
  local tool
  for tool in cmake ninja c++ pkg-config protoc; do have "$tool" || printf ' %s' "$tool"; done
  if have cmake && ! printf '3.25\n%s\n' "$(cmake --version | sed -n '1s/[^0-9]*//p')" | sort -CV; then
    printf ' cmake 3.25 or later'
  fi
  if have pkg-config; then pkg-config --exists grpc++ protobuf > /dev/null 2>&1 || printf ' gRPC'; fi
}

# Ends with 3 if something is missing.
need() {
  local lacking
  lacking=$(missing)
  [ -n "$lacking" ] || return 0
  echo "The C++ side needs$lacking. On Debian: apt-get install $PACKAGES" >&2
  exit 3
}

install() {
  local as=()
  if [ -z "$(missing)" ] && have clang++; then return 0; fi
  # clang++ is no need: without it the modules are built by one compiler instead of two.
  have apt-get || { need; return 0; }
  if [ "$(id -u)" != 0 ]; then
    if ! have sudo || ! sudo -n true 2> /dev/null; then need; return 0; fi
    as=(sudo -n)
  fi
  local apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0) log
  log=$(mktemp)
  echo "Installing for the C++ side, once: $PACKAGES"
  # shellcheck disable=SC2086  # PACKAGES is a list
  if ! { "${apt[@]}" update && "${apt[@]}" install --yes --no-install-recommends $PACKAGES; } > "$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get failed, see above. Without the C++ side: make test WITHOUT_CPP=1" >&2
    exit 1
  fi
  rm -f "$log"
  need
}

# Configures, builds and tests one preset of one project; a test that fails, fails this.
build_and_test() {
  (
    cd "$1"
    mkdir -p build
    cmake --preset "$2" > build/"$2".log 2>&1 || { cat build/"$2".log >&2; exit 1; }
    cmake --build --preset "$2"
    ctest --preset "$2"
  )
}

can_fuzz() {
  have clang++ && echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    clang++ -x c++ -fsanitize=fuzzer -o /dev/null - 2> /dev/null
}

core() {
  local preset
  need
  for preset in "${@:-dev}"; do
    case $preset in
      clang) have clang++ || { echo "Left out: clang needs clang++."; continue; } ;;
      fuzz) can_fuzz || { echo "Left out: fuzz needs clang++ and its libFuzzer (Debian: libclang-rt-14-dev)."; continue; } ;;
    esac
    build_and_test $CORE "$preset"
  done
}

plugin() {
  local preset
  need
  if [ $# = 0 ]; then if have clang++; then set -- dev clang; else set -- dev; fi; fi
  for preset; do build_and_test $PLUGIN "$preset"; done
}

host() {
  need
  (cd $PLUGIN && cmake --preset dev > /dev/null && cmake --build --preset dev --target microexpr_host)
}

case ${1:-} in
  needs) need ;;
  install) install ;;
  core | plugin) "$@" ;;
  host) host ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "../$(basename "$0")" >&2; exit 2 ;;
esac
