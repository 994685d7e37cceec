"""Which patches of an image look alike: the groups that low-rank and simultaneous sparse models work on."""

from ...arrays import array_namespace, check, check_wholes, float64, indices, is_numpy, zeros

AT_ONCE = 1 << 22  # distances held in memory at a time


def similar_patches(x, size, members, window, stride=1):
    """Groups of similar patches: to each reference patch, the ones nearest to it in ``||R_i x - R_j x||_2``.

    Candidates start in a square of ``window x window`` positions around the reference, as far as it
    lies in the image.

    Parameters
    ----------
    x : array (H, W, c)
        Patches are compared over all channels.
    size, members, window : int
        Side of a patch, patches per group, and side of the square of positions.
    stride : int
        References start at every ``stride``-th row and column, and at the last ones.

    Returns
    -------
    integer array (groups, members)
        Patch numbers, as the columns of :func:`image_patches`; the reference comes first, then the
        others by distance.
    """
    xp = array_namespace(check("x", x, ndim=3))
    size, members, window, stride = check_wholes(size=size, members=members, window=window, stride=stride)
    grid = _grid(x, size, members, window)
    rows, columns = ([*range(0, last, stride)] + [last - 1] * ((last - 1) % stride > 0) for last in grid)
    shifts = [(di, dj) for di in _around(window, grid[0]) for dj in _around(window, grid[1])]
    step = indices([di * grid[1] + dj for di, dj in shifts], like=x)
    band, groups = max(1, AT_ONCE // (len(shifts) * len(columns))), []
    for start in range(0, len(rows), band):
        some = rows[start : start + band]
        number = indices([i * grid[1] + j for i in some for j in columns], like=x)
        order = _nearest(_distances(x, size, shifts, some, columns), members)
        moved = xp.reshape(xp.take(step, xp.reshape(order, (-1,))), order.shape)
        groups.append(number[:, None] + moved)
    return xp.concat(groups)


def _around(window, length):
    """The shifts of a window, but for those that leave a grid of this length from every place."""
    return range(max(-(window // 2), 1 - length), min(window - window // 2, length))


def _grid(x, size, members, window):
    """How many places a patch has along each axis; raise where a window holds too few."""
    if size > min(x.shape[:2]):
        raise ValueError(f"image of shape {tuple(x.shape)} is smaller than a patch of {size} x {size}")
    grid = tuple(length - size + 1 for length in x.shape[:2])
    corner = [min(length, (window + 1) // 2) for length in grid]
    if members > corner[0] * corner[1]:
        raise ValueError(
            f"members = {members}: a window of {window} holds {corner[0] * corner[1]} patches in a corner "
            f"of an image of shape {tuple(x.shape)}"
        )
    return grid


def _distances(x, size, shifts, rows, columns):
    """Squared distances (references, shifts) of the patches at ``rows x columns`` to the shifted ones.

    Infinity where the shifted patch is outside. One shift at a time: the squared difference of the
    image and its shifted self, summed over the pixels of each patch.
    """
    xp, (H, W) = array_namespace(x), (length - size + 1 for length in x.shape[:2])
    first, last = rows[0], rows[-1] + 1
    at_rows, at_columns = indices([i - first for i in rows], like=x), indices(columns, like=x)
    planes = []
    for di, dj in shifts:
        plane = zeros((last - first, W), like=x) + (
            -1.0 if di == dj == 0 else xp.inf
        )  # the patch itself comes first
        top, bottom, left, right = max(first, -di), min(last, H - di), max(0, -dj), min(W, W - dj)
        if (di, dj) != (0, 0) and top < bottom and left < right:
            one = x[top : bottom + size - 1, left : right + size - 1, :]
            other = x[top + di : bottom + di + size - 1, left + dj : right + dj + size - 1, :]
            difference = xp.sum((one - other) ** 2, axis=-1)
            plane[top - first : bottom - first, left:right] = _box(difference, size)
        planes.append(xp.reshape(xp.take(xp.take(plane, at_rows, axis=0), at_columns, axis=1), (-1,)))
    return xp.stack(planes, axis=1)


def _nearest(distances, count):
    """The numbers of the ``count`` smallest entries of each row, in ascending order."""
    xp = array_namespace(distances)
    if not is_numpy(distances):
        return xp.argsort(distances, axis=1)[:, :count]
    some = xp.argpartition(distances, count - 1, axis=1)[:, :count]  # NumPy need not sort the others
    order = xp.argsort(xp.take_along_axis(distances, some, axis=1), axis=1)
    return xp.take_along_axis(some, order, axis=1)


def _box(a, size):
    """Sums over all ``size x size`` windows of a matrix."""
    a = sum(a[i : a.shape[0] - size + 1 + i, :] for i in range(size))
    return sum(a[:, j : a.shape[1] - size + 1 + j] for j in range(size))


def ungroup(values, groups, count):
    """Sums over all members that are the same patch: the adjoint of gathering columns, ``P -> P[:, groups]``.

    Parameters
    ----------
    values : array (n, groups, members)
    groups : integer array (groups, members)
    count : int
        How many patches there are.

    Returns
    -------
    array (n, count)
    """
    xp = array_namespace(values, groups)
    number = xp.reshape(groups, (-1,))
    order = xp.argsort(number)
    ends = xp.searchsorted(xp.take(number, order), indices(range(count + 1), like=values))
    sums = xp.take(xp.reshape(float64(values), (values.shape[0], -1)), order, axis=1)
    sums = xp.cumulative_sum(sums, axis=1, include_initial=True)
    return xp.astype(xp.take(sums, ends[1:], axis=1) - xp.take(sums, ends[:-1], axis=1), values.dtype)
