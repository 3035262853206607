#!/usr/bin/env bash
# Makes a Debian 12 machine ready and builds sdelua: installs what is missing, configures the
# release preset and builds it into ./build. Running it again does only what is left to do.
#   scripts/setup.sh [PRESET]     PRESET: release (default), debug, asan, tsan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-release}

packages=(
  gcc libc6-dev cmake ninja-build pkg-config          # build
  dpkg-dev                                            # cpack -G DEB
  clang libclang-rt-14-dev                            # fuzzers and sanitizers
  lua5.4 liblua5.4-dev lua-argparse                   # the language; options of the scripts
  libopenblas-dev                                     # sl.linalg
  libstb-dev libpng-dev zlib1g-dev libzip-dev         # pictures, gzip, npz
  libwebp-dev libgif-dev                              # films
  libcairo2-dev                                       # sl.plot
  libedit-dev librandom123-dev                        # line editing; Philox
  dataset-fashion-mnist                               # the images that train_vp.lua trains on
  lua-check protobuf-compiler python3 python3-numpy python3-pil chromium # what tests compare with
)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "setup: every package is there"
fi

echo "setup: configuring and building preset $preset"
cmake --preset "$preset" -Wno-dev >/dev/null
cmake --build --preset "$preset" -- --quiet
echo "setup: done"
