#!/usr/bin/env bash
# Builds the guest interpreter: what people's code may import, never the services' own packages.
#   ./init_site_packages.sh [TARGET]     default: /var/lib/coderunner/guest as root, else ~/.local/share/coderunner/guest
# Built once for each content of deps/guest.txt and each Python; nothing is built again when it is there.
#   GUEST_PYTHON   the interpreter it stands on (default: the system's python3, which unprivileged users can read)
set -euo pipefail
cd "$(dirname "$0")"

if [ "$(id -u)" = 0 ]; then default=/var/lib/coderunner/guest; else default="$HOME/.local/share/coderunner/guest"; fi
target="${1:-${GUEST_DIR:-$default}}"
uv="$(scripts/ensure_uv.sh)"
# the machine's own certificates, where it has them: an index behind a company's proxy is trusted as the system trusts it
[ -e /etc/ssl/certs/ca-certificates.crt ] && export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"

python="$(scripts/find_python.sh)"

recipe="$(cat deps/guest.txt scripts/guest_fonts.py init_site_packages.sh <("$python" -V) | sha256sum | cut -c1-16)"
built="$(dirname "$target")/guest-$recipe"
if [ ! -e "$built/.complete" ]; then
    echo "building the guest interpreter in $built (a minute or two, about 1.2 GB)"
    mkdir -p "$(dirname "$target")"
    chmod a+rx "$(dirname "$target")"
    rm -rf "$built"
    umask 022
    "$uv" venv --quiet --no-project --python "$python" --link-mode copy "$built"
    "$uv" pip install --quiet --python "$built/bin/python" --only-binary :all: --link-mode copy -r deps/guest.txt
    echo "compiling bytecode"
    "$built/bin/python" -I -m compileall -q -j 0 "$built/lib" >/dev/null || true # some packages ship templates that are no Python
    echo "fonts: a Chinese font and matplotlib's font cache"
    "$built/bin/python" -I scripts/guest_fonts.py "$uv" "$built"
    chmod -R a+rX "$built"
    touch "$built/.complete"
fi
ln -sfn "$built" "$target.new" && mv -Tf "$target.new" "$target"
echo "guest interpreter: $target -> $built"
