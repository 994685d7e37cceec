"""Basis pursuit tile by tile: it is that of the whole image, and its certificate is true."""

import numpy as np
import pytest
from problems import independent_gap, local_dual_point

from cscbook import ConvDictionary, basis_pursuit, dense, duality_gap, lam_max, objective
from cscbook.large import code_tiles, open_code
from cscbook.large import pursuit as large_pursuit
from cscbook.large.grid import Grid, extent, samples, shared
from cscbook.pursuits.working_set import refine


def problem(rng, space=(61, 47), size=(3, 4), c=1, m=4, ratio=0.1, dtype="f8"):
    """An image with a quiet corner, over unit filters."""
    filters = rng.standard_normal((*size, c, m)).astype(dtype)
    filters /= np.sqrt(np.sum(filters**2, axis=(0, 1, 2)))
    y = rng.standard_normal((*space, c)).astype(dtype)
    y[: space[0] // 2, : space[1] // 2] *= 1e-3
    D = ConvDictionary(filters, space, circular=False)
    return y, filters, ratio * lam_max(D, y), D


# --- the grid -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "space, size, tile", [((61, 47), (3, 4), 8), ((30, 9), (5, 2), 10), ((8, 8), (8, 8), 16)]
)
def test_every_position_and_every_sample_belongs_to_one_tile(space, size, tile):
    grid = Grid(space, size, tile)
    places, owned = np.zeros(grid.positions, int), np.zeros(space, int)
    for t in grid.tiles:
        places[grid.place(t)] += 1
        owned[grid.owned(t)] += 1
        assert max(extent(grid.place(t))) <= tile
    assert (places == 1).all() and (owned == 1).all()
    assert sorted(t for colour in grid.colours for t in colour) == list(grid.tiles)


@pytest.mark.parametrize(
    "space, size, tile", [((90, 47), (3, 4), 8), ((120, 99), (5, 2), 23), ((64, 64), (8, 8), 16)]
)
def test_tiles_of_one_colour_share_no_sample_with_their_margins(space, size, tile):
    grid = Grid(space, size, tile)
    for colour in grid.colours:
        seen = np.zeros(space, int)
        for t in colour:
            seen[samples(grid.wide(t), size)] += 1
        assert seen.max() == 1


def test_what_is_near_are_all_atoms_that_share_a_sample():
    grid = Grid((30, 26), (3, 4), 8)
    for t in grid.tiles:
        window = samples(grid.place(t), grid.size)
        for i, j in np.ndindex(grid.positions):
            here = (slice(i, i + 1), slice(j, j + 1))
            meets = min(extent(shared(samples(here, grid.size), window))) > 0
            assert meets == (min(extent(shared(here, grid.near(grid.place(t))))) > 0)


# --- exactness ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "space, size, c, tile", [((61, 47), (3, 4), 1, 20), ((30, 33), (3, 3), 2, 100), ((21, 90), (4, 3), 1, 18)]
)
def test_the_objective_is_that_of_the_untiled_pursuit(rng, tmp_path, space, size, c, tile):
    y, filters, lam, D = problem(rng, space, size, c)
    found = code_tiles(y, filters, lam, 1e-7, folder=tmp_path, tile=tile)
    best = basis_pursuit(D, y, lam, tol=1e-9).trace[-1]
    assert found.converged and found.gap <= 1e-7
    assert best * (1 - 1e-8) <= found.trace[-1] <= best * (1 + 1e-7)
    assert objective(D, y, found.code.sparse().dense(), lam) == pytest.approx(found.trace[-1], rel=1e-12)


def test_the_gap_is_confirmed_by_the_matrix(rng, tmp_path):
    y, filters, lam, D = problem(rng, (28, 31), (3, 3), m=3)
    found = code_tiles(y, filters, lam, 1e-8, folder=tmp_path, tile=15)
    gamma, M = found.code.sparse().dense().ravel(), dense(D)
    assert found.converged and independent_gap(M, y.ravel(), gamma, lam) <= 1e-4
    refined = refine(D, y, lam, found.code.sparse(), passes=30)[0]
    lowest = objective(D, y, refined, lam) * (1 - independent_gap(M, y.ravel(), refined.ravel(), lam))
    assert 1 - lowest / found.trace[-1] <= 2e-8


def test_the_gap_is_never_below_the_distance_from_the_optimum(rng, tmp_path):
    y, filters, lam, D = problem(rng, (40, 35))
    best = basis_pursuit(D, y, lam, tol=1e-11).trace[-1]
    for rounds in range(1, 4):
        found = code_tiles(y, filters, lam, 1e-12, folder=tmp_path, tile=12, max_rounds=rounds)
        assert len(found.trace) == rounds
        assert found.gap >= 1 - best / found.trace[-1] - 1e-12
    assert all(np.diff(found.trace) <= 1e-12 * best)


def test_the_streamed_certificate_is_that_of_the_whole(rng, tmp_path):
    y, filters, lam, D = problem(rng)
    found = code_tiles(y, filters, lam, 1e-6, folder=tmp_path, tile=20)
    M, gamma = dense(D), found.code.sparse().dense().ravel()
    near = local_dual_point(D, M, y.ravel(), gamma, lam)
    whole = min(independent_gap(M, y.ravel(), gamma, lam, v) for v in (None, near))
    assert found.gap == pytest.approx(whole, rel=0.05)


def test_single_precision(rng, tmp_path):
    y, filters, lam, D = problem(rng, dtype="f4")
    found = code_tiles(y, filters, lam, 1e-4, folder=tmp_path, tile=20)
    gamma = found.code.sparse().dense()
    assert found.converged and gamma.dtype == np.float32
    best = basis_pursuit(D, y, lam, tol=1e-5).trace[-1]
    assert found.trace[-1] == pytest.approx(best, rel=1e-4)


def test_an_image_of_zeros(rng, tmp_path):
    _, filters, _, _ = problem(rng)
    found = code_tiles(np.zeros((40, 40, 1)), filters, 1.0, folder=tmp_path, tile=12)
    assert found.converged and found.trace == (0.0,) and found.code.count_nonzero() == 0


# --- a broken step is caught --------------------------------------------------------------------


def test_a_tile_that_is_forgotten_is_caught_by_the_certificate(rng, tmp_path, monkeypatch):
    y, filters, lam, D = problem(rng)

    def forgets(function, jobs):
        for k, job in enumerate(jobs):
            yield job[0].own if function is large_pursuit._improve and k == 1 else function(job)

    broken = code_tiles(y, filters, lam, 1e-6, folder=tmp_path, tile=20, max_rounds=3, map=forgets)
    assert not broken.converged and broken.gap > 1e-6
    assert duality_gap(D, y, broken.code.sparse().dense(), lam) > 1e-6
    assert code_tiles(y, filters, lam, 1e-6, folder=tmp_path, tile=20).converged


def test_a_result_whose_files_were_touched_is_looked_at_again(rng, tmp_path):
    y, filters, lam, _ = problem(rng)
    first = code_tiles(y, filters, lam, 1e-6, folder=tmp_path, tile=20)
    again = code_tiles(y, filters, lam, 1e-6, folder=tmp_path, tile=20)
    assert again.trace == first.trace and again.gap == first.gap
    store = first.code.store
    store.write((1, 1), store.empty((1, 1)))
    mended = code_tiles(y, filters, lam, 1e-6, folder=tmp_path, tile=20)
    assert mended.converged and len(mended.trace) > len(first.trace)
    assert mended.trace[-1] == pytest.approx(first.trace[-1], rel=1e-6)


# --- the code -----------------------------------------------------------------------------------


def test_the_code_is_read_piece_by_piece(rng, tmp_path):
    y, filters, lam, D = problem(rng, c=2)
    code = code_tiles(y, filters, lam, 1e-3, folder=tmp_path, tile=12).code
    gamma = code.sparse()
    whole = D @ gamma
    for rows, columns in [
        (slice(0, 61), slice(0, 47)),
        (slice(5, 30), slice(44, 47)),
        (slice(-1, None), slice(0, 1)),
    ]:
        np.testing.assert_allclose(code.synthesize(rows, columns), whole[rows, columns], atol=1e-12)
    assert code.count_nonzero() == gamma.count_nonzero() and code.shape == gamma.shape
    for t in code.grid.tiles:
        np.testing.assert_array_equal(code.tile(*t).dense(), gamma.dense()[code.grid.place(t)])
    np.testing.assert_array_equal(open_code(tmp_path).sparse().dense(), gamma.dense())
    with pytest.raises(ValueError, match=r"tile \(9, 0\): expected at most \(4, 3\)"):
        code.tile(9, 0)
    with pytest.raises(
        ValueError, match=r"slice\(3, 3, None\) is empty or has steps: expected a part of 0 to 61"
    ):
        code.synthesize(slice(3, 3), slice(0, 5))


def test_images_are_read_from_wherever_they_lie(rng, tmp_path):
    y, filters, lam, _ = problem(rng, c=2)
    np.save(tmp_path / "y.npy", y)
    kinds = [
        y,
        str(tmp_path / "y.npy"),
        tmp_path / "y.npy",
        np.load(tmp_path / "y.npy", mmap_mode="r"),
        y.astype(">f8"),
    ]
    found = []
    for k, kind in enumerate(kinds):
        found.append(code_tiles(kind, filters, lam, 1e-3, folder=tmp_path / f"{k}", tile=20))
    for other in found[1:]:
        assert other.trace == found[0].trace and other.gap == found[0].gap
        assert np.array_equal(other.code.sparse().values, found[0].code.sparse().values)


def test_a_zarr_array(rng, tmp_path):
    zarr = pytest.importorskip("zarr")
    y, filters, lam, _ = problem(rng)
    kept = zarr.create_array(tmp_path / "y.zarr", shape=y.shape, chunks=(16, 16, 1), dtype=y.dtype)
    kept[:] = y
    one, two = (
        code_tiles(a, filters, lam, 1e-3, folder=tmp_path / n, tile=20) for a, n in ((y, "1"), (kept, "2"))
    )
    assert one.trace == two.trace and one.gap == two.gap


# --- what does not fit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, error, match",
    [
        ({"y": np.zeros((9, 9))}, ValueError, r"y has shape \(9, 9\): expected \(H, W, c\)"),
        ({"y": np.zeros((9, 9, 1), int)}, TypeError, "y has dtype int64: expected float32 or float64"),
        ({"y": [[1.0]]}, TypeError, "y is of type list: expected an array, or the path"),
        ({"y": np.full((61, 47, 1), np.nan)}, ValueError, "y holds NaN or infinity"),
        (
            {"y": np.zeros((61, 47, 3))},
            ValueError,
            r"filters of shape \(3, 4, 1, 4\) do not fit an image of shape",
        ),
        (
            {"y": np.zeros((2, 47, 1))},
            ValueError,
            r"filters of \(3, 4\) do not fit into an image of \(2, 47\)",
        ),
        ({"tile": 7}, ValueError, "tile = 7: expected at least 8, twice the size of the filters"),
        ({"lam": 0.0}, ValueError, "lam = 0.0: expected a positive number"),
        ({"tol": 0}, ValueError, "tol = 0: expected a positive number"),
        ({"max_rounds": 0}, ValueError, "max_rounds = 0: expected an integer, at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(rng, tmp_path, change, error, match):
    y, filters, lam, _ = problem(rng)
    given = {"y": y, "filters": filters, "lam": lam, "tile": 12, "folder": tmp_path} | change
    with pytest.raises(error, match=match):
        code_tiles(**given)


def test_the_folder_of_another_problem_is_refused_by_name(rng, tmp_path):
    y, filters, lam, _ = problem(rng)
    code_tiles(y, filters, lam, 1e-2, folder=tmp_path, tile=20)
    others = {
        "image": (2 * y, filters, lam, 20),
        "filters": (y, -filters, lam, 20),
        "lam": (y, filters, 2 * lam, 20),
    }
    for name, (image, atoms, weight, tile) in {**others, "tile": (y, filters, lam, 21)}.items():
        with pytest.raises(ValueError, match=f"belongs to another {name}: remove it, or give another folder"):
            code_tiles(image, atoms, weight, 1e-2, folder=tmp_path, tile=tile)


def test_a_folder_that_is_not_whole_is_refused(rng, tmp_path):
    y, filters, lam, _ = problem(rng)
    code = code_tiles(y, filters, lam, 1e-2, folder=tmp_path, tile=20).code
    file = code.store.file((1, 1))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="code-1-1.npz is damaged"):
        code_tiles(y, filters, lam, 1e-2, folder=tmp_path, tile=20)
    file.unlink()
    with pytest.raises(ValueError, match="code-1-1.npz is missing: the folder is not whole"):
        code.tile(1, 1)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="manifest.json is damaged"):
        open_code(tmp_path)
    with pytest.raises(ValueError, match="holds no code: expected a folder that code_tiles wrote"):
        open_code(tmp_path / "nothing")
