#!/usr/bin/env bash
# Prints the path of uv; installs it beneath .cache when the machine has none.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v uv >/dev/null; then command -v uv; exit; fi
home="$PWD/.cache/uv-tool"
if [ ! -x "$home/bin/uv" ]; then
    mkdir -p "$home"
    if ! python3 -m pip --version >/dev/null 2>&1; then
        sudo=""
        [ "$(id -u)" = 0 ] || sudo="sudo -n"
        echo "installing python3-pip to fetch uv" >&2
        { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends python3-pip; } >&2 || {
            echo "neither uv nor pip is here, and apt-get may not install python3-pip; install uv and try again" >&2
            exit 1
        }
    fi
    echo "fetching uv" >&2
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$home" uv >&2
fi
echo "$home/bin/uv"
