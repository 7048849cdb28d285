#!/usr/bin/env bash
# Writes deps/constraints.txt anew: one version of everything that the services and the developers' tools stand on.
set -euo pipefail
cd "$(dirname "$0")/.."
uv="$(scripts/ensure_uv.sh)"
cat deps/servicekit.txt deps/executor.txt deps/coderunner.txt deps/dataflowtools.txt deps/dev.txt |
    "$uv" pip compile --quiet --no-header --no-annotate --universal --python-version 3.11 --no-emit-index-url -o deps/constraints.txt -
