#!/usr/bin/env bash
# Static libraries with -fPIC for the preset `bundle`, from Debian's source packages: run once by hand, not in tests.
# Needs deb-src entries, and: apt-get install dpkg-dev cmake ninja-build g++ perl python3 unicode-data
# Takes over an hour on two cores, most of it gRPC. What is built already is not built again.
# Run on Debian 12 (bookworm), in two sittings; the library of the preset `bundle` then needs libc, libm and the loader only.
#
#     cmake/bundle-prefix.sh [FOLDER_TO_BUILD_IN]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
prefix=$here/build/bundle-prefix
work=${1:-$here/build/bundle-work}
jobs=${JOBS:-$(nproc)}
mkdir -p "$prefix" "$work"
cd "$work"

# The folder that apt-get source unpacks a package to.
fetch() {
  [ -n "$(find . -maxdepth 1 -type d -name "$1-[0-9]*" -print -quit)" ] || apt-get source "$1" > "$1.log"
  find "$PWD" -maxdepth 1 -type d -name "$1-[0-9]*" -print -quit
}

# Package, folder of its CMakeLists.txt within the source, options.
build() {
  local package=$1 folder=$2 source
  shift 2
  source=$(fetch "$package")
  cmake -S "$source/$folder" -B "build-$package" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_STANDARD=17 -DCMAKE_CXX_VISIBILITY_PRESET=hidden \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib "$@"
  cmake --build "build-$package" -j "$jobs"
  cmake --install "build-$package"
}

zlib=$(fetch zlib) # its CMakeLists.txt names a file for Windows that Debian's source lacks
[ -e "$prefix/lib/libz.a" ] || (cd "$zlib" && CFLAGS="-O2 -fPIC -fvisibility=hidden" ./configure --static --prefix="$prefix" &&
  make -j "$jobs" libz.a && make install)
openssl=$(fetch openssl)
[ -e "$prefix/lib/libssl.a" ] || (cd "$openssl" && ./Configure no-shared no-tests no-module -fPIC --prefix="$prefix" --libdir=lib &&
  make -j "$jobs" build_libs && make install_dev)
build abseil . -DABSL_PROPAGATE_CXX_STD=ON
build c-ares . -DCARES_STATIC=ON -DCARES_SHARED=OFF -DCARES_STATIC_PIC=ON
re2=$(fetch re2) # Debian makes its tables anew, from the package unicode-data
make -C "$re2" REBUILD_TABLES=1 re2/perl_groups.cc re2/unicode_casefold.cc re2/unicode_groups.cc
build re2 . -DRE2_BUILD_TESTING=OFF
build protobuf . -Dprotobuf_BUILD_TESTS=OFF
build grpc . -DgRPC_INSTALL=ON -DgRPC_BUILD_TESTS=OFF -DgRPC_BUILD_CODEGEN=OFF -DgRPC_BUILD_CSHARP_EXT=OFF \
  -DgRPC_ABSL_PROVIDER=package \
  -DgRPC_CARES_PROVIDER=package -DgRPC_PROTOBUF_PROVIDER=package -DgRPC_RE2_PROVIDER=package \
  -DgRPC_SSL_PROVIDER=package -DgRPC_ZLIB_PROVIDER=package -DOPENSSL_ROOT_DIR="$prefix" -DOPENSSL_USE_STATIC_LIBS=ON
echo "Now: cmake --preset bundle && cmake --build --preset bundle && ctest --preset bundle"
