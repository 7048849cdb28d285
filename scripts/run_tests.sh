#!/usr/bin/env bash
# Run the tests; what fails is looked at once more, alone. docs/adr/0014 says why.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTEST=(.venv/bin/python -m pytest -q -m "not soak")
MOST=5 # more than that is no accident

"${PYTEST[@]}" "$@"
status=$?
[ "$status" -eq 1 ] || exit "$status"

failed=$("${PYTEST[@]}" --last-failed --last-failed-no-failures none --collect-only "$@" 2>/dev/null | grep -c '::')
if [ "$failed" -eq 0 ] || [ "$failed" -gt "$MOST" ]; then
  exit "$status"
fi
printf '\n%s of the tests failed and are run once more, alone; one that fails again fails the run.\n' "$failed"
"${PYTEST[@]}" --last-failed --last-failed-no-failures none "$@"
