#!/usr/bin/env bash
# On a machine with a CUDA device, in at most eight minutes: the tests marked `gpu` and a table of times (bench/gpu.py, under
# four minutes), then every notebook on CuPy and on NumPy, with a table of seconds. Run it in the root of the checkout. What the
# machine lacks of ipykernel's and pytest's packages may lie in a folder that SITE names. Without a device,
# `JOBS=2 tests/gpu_check.sh --stand-in` rehearses it.
set -uo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD${SITE:+:$SITE}" CSCBOOK_FRAMES=1
python="${PYTHON:-python3}" small=
[ "${1:-}" = --stand-in ] && export PYTHONPATH="$PWD/tests/standin:$PYTHONPATH" && small=--small

timeout 240 env CSCBOOK_BACKEND=cupy "$python" tests/bench/gpu.py --jobs "${JOBS:-8}" $small
OPENBLAS_NUM_THREADS=2 NUMBA_NUM_THREADS=2 timeout 250 "$python" tests/gpu_notebooks.py --jobs "${JOBS:-8}"
