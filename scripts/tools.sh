#!/bin/bash
# Installs the programs that some tests need. Each is left alone where it is already there.
set -euo pipefail

packages=()
command -v espeak-ng >/dev/null || packages+=(espeak-ng)
command -v chromium >/dev/null || packages+=(chromium)
command -v chromedriver >/dev/null || packages+=(chromium-driver)
# Only where images are built: `make image-tools`.
if [[ "${1:-}" == --image ]]; then
    command -v buildah >/dev/null || packages+=(buildah)
    command -v debootstrap >/dev/null || packages+=(debootstrap)
fi

if ((${#packages[@]} == 0)); then
    echo "tools: all there"
    exit 0
fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "tools: missing: ${packages[*]}. Install them with the machine's package manager, or run this as root on Debian" >&2
    exit 1
fi
echo "tools: installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
