#!/usr/bin/env bash
# On a machine with a CUDA device, in at most five minutes: the tests marked `gpu`, then every notebook on CuPy and on
# NumPy, with a table of seconds. Run it in the root of the checkout. What the machine lacks of ipykernel's and pytest's
# packages may lie in a folder that SITE names. Without a device, `JOBS=2 tests/gpu_check.sh --stand-in` rehearses it.
set -uo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD${SITE:+:$SITE}" CSCBOOK_FRAMES=1 OPENBLAS_NUM_THREADS=2 NUMBA_NUM_THREADS=2
python="${PYTHON:-python3}"
[ "${1:-}" = --stand-in ] && export PYTHONPATH="$PWD/tests/standin:$PYTHONPATH"

timeout 120 env CSCBOOK_BACKEND=cupy "$python" -m pytest tests --ignore=tests/browser -m gpu -q -n "${JOBS:-8}" -p no:cacheprovider -p no:benchmark \
  --ignore=tests/test_claims.py --ignore=tests/test_project.py
echo "tests marked gpu: exit code $?"
timeout 250 "$python" tests/gpu_notebooks.py --jobs "${JOBS:-8}"
