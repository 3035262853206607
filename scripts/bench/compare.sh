#!/usr/bin/env bash
# Measures sdelua against PyTorch, in turns, and prints the ratios as Markdown tables; see compare.lua.
#   scripts/bench/compare.sh [--pairs 7] [--threads 2] [--steps 6] [--write [FILE]] [SET ...]
#   SET: unet32, unet64, mlp, conv, start (all by default)
# Environment: PYTHON, an interpreter that has PyTorch (/usr/bin/python3); SDELUA, the program (build/sdelua).
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
export PYTHON=${PYTHON:-/usr/bin/python3}
sdelua=${SDELUA:-$here/../../build/sdelua}

if [ ! -x "$sdelua" ]; then
  echo "compare: $sdelua is not there: build it with scripts/setup.sh, or name another in SDELUA" >&2
  exit 1
fi
if ! "$PYTHON" -c 'import torch' 2>/dev/null; then
  echo "compare: $PYTHON has no PyTorch: apt-get install python3-torch python3-pil, or name another in PYTHON" >&2
  exit 1
fi
exec "$sdelua" "$here/compare.lua" "$@"
