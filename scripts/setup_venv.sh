#!/usr/bin/env bash
# Makes .venv and installs the pinned requirements: `run` for the services, `dev` with checks and tests.
# Does nothing when the requirements are what is installed already.
set -euo pipefail
cd "$(dirname "$0")/.."
kind="$1"
files=(coderunner/requirements.txt dataflowtools/requirements.txt)
[ "$kind" = dev ] && files+=(deps/dev.txt)
stamp=".venv/.installed-$kind-$(cat "${files[@]}" deps/*.txt | sha256sum | cut -c1-16)"
[ -e "$stamp" ] && exit

uv="$(scripts/ensure_uv.sh)"
export UV_PYTHON_DOWNLOADS=never
# the machine's own certificates, where it has them: an index behind a company's proxy is trusted as the system trusts it
[ -e /etc/ssl/certs/ca-certificates.crt ] && export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
if [ ! -x .venv/bin/python ]; then
    echo "making the virtual environment .venv"
    "$uv" venv --quiet --no-project --python "$(scripts/find_python.sh)" .venv
fi
echo "installing the pinned requirements ($kind)"
"$uv" pip install --quiet --python .venv/bin/python "${files[@]/#/-r}"
rm -f ".venv/.installed-$kind-"*
touch "$stamp"
