"""The denoisers of Part I on the whole photographs *camera* and *astronaut*, 512 x 512, at sigma = 25.

    python tests/bench/denoising.py [--images camera,astronaut] [METHOD ...]

One run each, CPU seconds of one thread. All together take some minutes.
"""

import argparse

from harness import time  # one thread: must come before numpy

# isort: split
from cscbook import add_noise, denoise_ksvd, denoise_omp, grey, load_image, psnr
from cscbook.imaging import (
    denoise_epll,
    denoise_foe,
    denoise_gsm,
    denoise_ncsr,
    denoise_trained,
    denoise_wnnm,
    load_denoiser,
    load_experts,
    load_mixture,
    load_patch_denoiser,
)

METHODS = {
    "OMP": lambda y: denoise_omp(y, 25).x,
    "K-SVD": lambda y: denoise_ksvd(y, 25).x,
    "FoE": lambda y: denoise_foe(y, 25, *load_experts()),
    "NCSR": lambda y: denoise_ncsr(y, 25),
    "SSC-GSM": lambda y: denoise_gsm(y, 25),
    "WNNM": lambda y: denoise_wnnm(y, 25, rounds=4, gain=0.8),
    "EPLL": lambda y: denoise_epll(y, 25, *load_mixture()),
    "MLP": lambda y: denoise_trained(y, load_patch_denoiser()).x,
    "CSCNet": lambda y: denoise_trained(y, load_denoiser()).x,
}
METHODS["WNNM and CSCNet"] = lambda y: 0.6 * METHODS["WNNM"](y) + 0.4 * METHODS["CSCNet"](y)


def compare(image, names):
    """Print dB and seconds of each method on one photograph."""
    x = grey(load_image(image))
    y = add_noise(x, 25).astype("float32")
    print(f"{image}, noisy {psnr(y, x):.2f} dB", flush=True)
    for name in names:
        start = time.process_time()
        z = METHODS[name](y)
        print(f"  {name:15s} {psnr(z, x):6.2f} dB {time.process_time() - start:7.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(METHODS)} (default: all)")
    parser.add_argument("--images", default="camera,astronaut")
    options = parser.parse_args()
    if unknown := set(options.names) - set(METHODS):
        parser.error(f"no method {', '.join(unknown)}: expected any of {', '.join(METHODS)}")
    for image in options.images.split(","):
        compare(image, options.names or METHODS)


if __name__ == "__main__":
    main()
