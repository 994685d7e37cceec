"""Local models other than sparsity: a mixture of Gaussians for a patch, low rank for a group of similar ones.

Both work on the patches of :func:`image_patches`, as the sparse methods do, and differ in the model
that they assume for them.
"""

import math

from ...arrays import (
    array_namespace,
    asarray,
    check,
    check_level,
    check_whole,
    check_wholes,
    eye,
    float64,
    zeros,
)
from .checks import check_image, check_scale
from .ksvd import averaged, by_channel, centred_patches, image_patches
from .similar_patches import similar_patches, ungroup

# --- a mixture of Gaussians ---------------------------------------------------------------------------------


def denoise_epll(y, sigma, weights, covariances, betas=(1, 4, 8, 16, 32), fidelity=0.5):
    """Expected patch log-likelihood: the image whose own patches are likely under a Gaussian mixture.

    Lowers ``lam/2 ||x - y||^2 - sum_i log p(R_i x)`` by half-quadratic splitting
    [Zoran & Weiss, 2011]. For growing ``beta``, each patch of the last result is denoised as if its
    noise had variance ``1 / beta`` (``mixture_patches``), which gives ``z_i``; then
    ``x = (lam y + beta sum_i R_i^T z_i) / (lam + beta sum_i R_i^T R_i 1)``. The model sees patches
    without their means, which they get back afterwards.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    weights : array (K,)
        Of the components, positive.
    covariances : array (K, n, n)
        Of zero-mean patches of n pixels, n a square.
    betas : sequence of float
        In units of ``1 / sigma^2``; one round each.
    fidelity : float
        ``lam`` in units of ``n / sigma^2``.

    Returns
    -------
    array (H, W, c)
    """
    weights, covariances = _check_mixture(weights, covariances, y)
    n = covariances.shape[1]
    sigma, fidelity = check_image(y, sigma, math.isqrt(n)), check_level("fidelity", fidelity)
    betas = [check_scale("betas", beta) for beta in betas]
    if not betas:
        raise ValueError("betas is empty: expected at least one positive number")
    return by_channel(lambda part: _epll(part, sigma, weights, covariances, betas, fidelity * n), y)


def _epll(y, sigma, weights, covariances, betas, lam):
    x, size = y, math.isqrt(covariances.shape[1])
    for beta in betas:
        P, mean = centred_patches(x, size)
        z = mixture_patches(P, sigma / math.sqrt(beta), weights, covariances)
        x = averaged(z + mean, y, size, lam / beta)
    return x


def mixture_patches(P, sigma, weights, covariances):
    """Denoise patches by the Gaussian of a mixture that explains each of them best.

    The component is ``k = argmax w_k N(p; 0, S_k + sigma^2 I)``, and the estimate its Wiener filter
    ``z = S_k (S_k + sigma^2 I)^{-1} p``, which is ``p - sigma^2 (S_k + sigma^2 I)^{-1} p``.

    Parameters
    ----------
    P : array (n, p)
        Patches without their means, as columns.
    """
    xp = array_namespace(P)
    white, top = xp.zeros_like(P), zeros((1, P.shape[1]), like=P) - xp.inf
    unit = eye(P.shape[0], like=float64(weights))
    for k in range(weights.shape[0]):
        noisy = float64(covariances[k, ...]) + sigma**2 * unit
        whitened = xp.astype(xp.linalg.inv(noisy), P.dtype) @ P
        energy = xp.sum(P * whitened, axis=0, keepdims=True) + float(xp.linalg.slogdet(noisy)[1])
        score = math.log(float(weights[k])) - energy / 2
        white, top = xp.where(score > top, whitened, white), xp.maximum(score, top)
    return P - sigma**2 * white


def _check_mixture(weights, covariances, y):
    """The mixture beside ``y`` and in its type."""
    weights = weights if hasattr(weights, "dtype") else asarray(weights, like=y)
    weights = asarray(check("weights", weights, ndim=1), like=y)
    covariances = asarray(check("covariances", covariances, ndim=3), like=y)
    xp = array_namespace(weights, covariances)
    (K,), n = weights.shape, covariances.shape[1]
    if tuple(covariances.shape) != (K, n, n) or math.isqrt(n) ** 2 != n:
        raise ValueError(
            f"weights of shape {tuple(weights.shape)}, covariances of shape {tuple(covariances.shape)}: "
            "expected (K,) and (K, n, n), n the square of a patch size"
        )
    if not bool(xp.all(weights > 0)):
        raise ValueError(f"smallest weight {float(xp.min(weights))}: expected positive weights")
    largest = float(xp.max(xp.abs(covariances)))
    if float(xp.max(xp.abs(covariances - xp.matrix_transpose(covariances)))) > 1e-4 * largest:
        raise ValueError("covariances are not symmetric")
    smallest = float(xp.min(xp.linalg.eigvalsh(covariances)))
    if smallest < -1e-4 * largest:
        raise ValueError(f"smallest eigenvalue {smallest} of the covariances: expected none below zero")
    return weights, covariances


# --- low rank -----------------------------------------------------------------------------------------------


def denoise_wnnm(
    y, sigma, size=6, members=60, window=30, stride=4, rounds=2, feedback=0.1, left=0.5, gain=1.0
):
    """Low-rank denoising: similar patches side by side are a matrix with few large singular values.

    Each group loses its mean patch, has its singular values shrunk (``shrink_singular_values``)
    and gets the mean back; all estimates of a pixel are averaged. A further round starts from
    ``v = x + feedback (y - x)``, with the noise ``left (sigma^2 - mean((y - v)^2))^{1/2}``.

    After [Gu et al., 2014], with weights from one rule: they remove what noise alone would put in.
    A matrix of n x members noise entries has its largest singular value near
    ``sigma (sqrt(n) + sqrt(members))``, and ``beta`` is ``gain`` times this.

    All groups are in memory at once, so crop large images.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    size, members, window, stride
        Of :func:`similar_patches`.
    rounds : int
    feedback, left : float
        How much of what was removed comes back, and which share of the noise is assumed to remain.

    Returns
    -------
    array (H, W, c)
    """
    size, members, stride = check_wholes(size=size, members=members, stride=stride)
    sigma, rounds = check_image(y, sigma, size), check_whole("rounds", rounds)
    if stride > size:
        raise ValueError(f"stride = {stride}: expected at most the size {size}, else pixels are in no group")
    feedback, left, gain = (
        check_level(name, value) for name, value in (("feedback", feedback), ("left", left), ("gain", gain))
    )
    beta, matching = gain * (size + math.sqrt(members)), (members, window, stride)
    return by_channel(lambda part: _wnnm(part, sigma, size, matching, rounds, feedback, left, beta), y)


def _wnnm(y, sigma, size, matching, rounds, feedback, left, beta):
    xp, x = array_namespace(y), low_rank_round(y, size, matching, beta * sigma)
    for _ in range(rounds - 1):
        v = x + feedback * (y - x)
        level = left * math.sqrt(max(0.0, sigma**2 - float(xp.mean((y - v) ** 2))))
        x = low_rank_round(v, size, matching, beta * level)
    return x


def low_rank_round(y, size, matching, beta):
    """One round over an image (H, W, 1): group, shrink, average; ``matching`` is members, window, stride."""
    P, groups = image_patches(y, size), similar_patches(y, size, *matching)
    xp, (n, count) = array_namespace(P), P.shape
    Z = xp.reshape(xp.take(P, xp.reshape(groups, (-1,)), axis=1), (n, *groups.shape))
    Z = xp.moveaxis(Z, 1, 0)  # (groups, n, members)
    mean = xp.mean(Z, axis=2, keepdims=True)
    U, s, V = xp.linalg.svd(Z - mean, full_matrices=False)
    Z = (U * shrink_singular_values(s, beta)[:, None, :]) @ V + mean
    total = ungroup(xp.moveaxis(Z, 0, 1), groups, count)
    often = ungroup(xp.ones_like(Z[None, :, 0, :]), groups, count) * xp.ones_like(P)
    return averaged(total, y, size) / averaged(often, y, size)


def shrink_singular_values(s, beta):
    """Weighted shrinkage ``x = s - w`` with ``w = beta^2 / (4 x)``; zero below beta.

    ``min_X ||Y - X||_F^2 / 2 + sum_i w_i s_i(X)``, for weights that grow as the
    singular values fall, keeps the singular vectors of Y and takes ``w_i`` from its
    singular values. With this w the equation for x is quadratic, with the larger
    root ``(s + sqrt(s^2 - beta^2)) / 2``.
    """
    xp = array_namespace(s)
    zero = xp.zeros_like(s)
    root = xp.sqrt(xp.maximum(s**2 - beta**2, zero))
    return xp.where(s > beta, (s + root) / 2, zero)
