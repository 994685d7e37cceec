"""Ours beside the peers, in one process: ``python tests/bench [name ...] [--repeat N]``.

Install the peers with ``pip install -e .[bench]``; scico has an environment of its own, whose Python
the variable ``CSCBOOK_SCICO`` names. Each table says how many times the CPU time of ours a peer needs.
"""

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

import harness  # noqa: F401  (one thread: must come before numpy, so before the benchmarks)

# isort: split
import batched_bp
import cdl
import cnn
import conv_bp
import conv_omp
import gpu
import inpainting
import ksvd_denoising
import large
import memory
import mlcsc
import patch_omp
import threads

PROBLEMS = {
    "patch_omp": patch_omp.run,
    "ksvd_denoising": ksvd_denoising.run,
    "mlcsc": mlcsc.run,
    "conv_bp": conv_bp.run,
    "batched_bp": batched_bp.run,
    "memory": memory.run,
    "large": large.run,
    "conv_omp": conv_omp.run,
    "cdl": cdl.run,
    "inpainting": inpainting.run,
    "cnn": cnn.run,
    "threads": threads.run,
    "gpu": gpu.run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(PROBLEMS)} (default: all)")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    if unknown := set(options.names) - set(PROBLEMS):
        parser.error(f"no benchmark {', '.join(unknown)}: expected any of {', '.join(PROBLEMS)}")
    print(f"Python {platform.python_version()}, one thread, CPU time, best of {options.repeat}")
    peers = "numpy scipy numba spams-bin scikit-learn scikit-image sporco pylops celer skglm torch"
    for package in peers.split():
        try:
            print(f"  {package} {version(package)}")
        except PackageNotFoundError:
            print(f"  {package} is not installed")
    for name in options.names or PROBLEMS:
        PROBLEMS[name](options.repeat)


main()
