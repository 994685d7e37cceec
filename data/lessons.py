"""The photographs from which the denoisers of this folder are learned, and those that test them."""

from cscbook import add_noise, grey, load_image, psnr

LESSONS = ("cat", "ascent", "coffee", "brick", "rocket", "grass", "gravel")
HELD_OUT = ("camera", "astronaut")


def held_out(denoise, sigma):
    """``{name: PSNR in dB}`` of ``denoise(noisy)`` on each whole photograph that no denoiser has seen."""
    found = {}
    for name in HELD_OUT:
        x = grey(load_image(name))
        found[name] = round(psnr(denoise(add_noise(x, sigma)), x), 2)
    return found
