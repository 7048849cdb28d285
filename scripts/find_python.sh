#!/usr/bin/env bash
# Prints a Python 3.11 to 3.13 that unprivileged users can read: one beneath root's home is closed to those that run
# people's code and read people's documents. GUEST_PYTHON names one.
set -euo pipefail
for candidate in "${GUEST_PYTHON:-}" /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 \
    /usr/local/bin/python3 /usr/bin/python3 "$(command -v python3 || true)"; do
    [ -n "$candidate" ] && [ -x "$candidate" ] || continue
    real="$(readlink -f "$candidate")"
    case "$real" in /root/*) continue ;; esac
    "$candidate" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || continue
    echo "$candidate"
    exit
done
echo "no Python 3.11 to 3.13 that an unprivileged user can read; install python3 or set GUEST_PYTHON" >&2
exit 1
