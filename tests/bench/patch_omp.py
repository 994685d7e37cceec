"""Error-bounded OMP of all 255,025 patches 8 x 8 of a noisy photograph over the over-complete DCT."""

import numpy as np
from harness import measure, table

from cscbook import add_noise, dct_dictionary, load_image, omp
from cscbook.imaging import image_patches


def spams_omp(Y, D, tol, dtype):
    import spams

    return spams.omp(
        np.asfortranarray(Y, dtype),
        np.asfortranarray(D, dtype),
        eps=dtype(tol**2),
        L=64,
        return_reg_path=False,
        numThreads=1,
    )


def sklearn_gram(Y, D, tol):
    from sklearn.linear_model import orthogonal_mp_gram

    return orthogonal_mp_gram(D.T @ D, D.T @ Y, tol=tol**2, norms_squared=(Y**2).sum(0))


def compare(image, sigma, repeat):
    D = np.asfortranarray(dct_dictionary())
    Y = np.asfortranarray(image_patches(add_noise(load_image(image), sigma), 8))
    Y -= Y.mean(0)
    tol, part = 1.15 * sigma * 8, Y[:, ::25]
    seconds, codes = measure(
        {
            "cscbook omp, float32": lambda: omp(D.astype("f4"), Y.astype("f4"), tol=tol).gamma,
            "cscbook omp, float64": lambda: omp(D, Y, tol=tol).gamma,
            "spams.omp, float64": lambda: spams_omp(Y, D, tol, np.float64),
            "spams.omp, float32": lambda: spams_omp(Y, D, tol, np.float32),
        },
        repeat,
    )
    slow, slow_codes = measure(
        {"scikit-learn orthogonal_mp_gram (x 25)": lambda: sklearn_gram(part, D, tol)}, 1
    )
    seconds |= {name: 25 * spent for name, spent in slow.items()}
    notes = {}
    for name, code in (codes | slow_codes).items():
        signals = Y if code.shape[1] == Y.shape[1] else part
        worst = np.sqrt(((signals - D @ code.astype(np.float64)) ** 2).sum(0).max()) / tol
        rate, atoms = Y.shape[1] / seconds[name] / 1e3, (code != 0).sum() / code.shape[1]
        notes[name] = f"{rate:7.0f} k patches/s, {atoms:.2f} atoms each, error up to {worst:.4f} of the bound"
    table(f"All patches of {image}, sigma = {sigma}", seconds, notes)


def run(repeat):
    for image in ("camera", "brick"):
        for sigma in (20, 5):
            compare(image, sigma, repeat)
