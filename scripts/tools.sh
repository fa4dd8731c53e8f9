#!/bin/bash
# Installs the programs that some tests need. Each is left alone where it is already there.
set -euo pipefail

packages=()
command -v espeak-ng >/dev/null || packages+=(espeak-ng)
command -v curl >/dev/null || packages+=(curl)
command -v chromium >/dev/null || packages+=(chromium)
command -v chromedriver >/dev/null || packages+=(chromium-driver)
command -v ip >/dev/null || packages+=(iproute2)
# Debian 12 has promtool in the same package, later ones in one of its own.
command -v prometheus >/dev/null || packages+=(prometheus)
command -v promtool >/dev/null || ! apt-cache show promtool >/dev/null 2>&1 || packages+=(promtool)
# The edge; its JavaScript module is a package of its own.
[[ -x "$(PATH=$PATH:/usr/sbin command -v nginx)" ]] || packages+=(nginx)
[[ -e /usr/lib/nginx/modules/ngx_http_js_module.so ]] || packages+=(libnginx-mod-http-js)
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
