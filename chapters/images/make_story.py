"""Draws story.svg, the picture of the front page: one signal under the four models of the talk.

Run ``python chapters/images/make_story.py`` after a change. Everything drawn is computed here: the signal is
built from two molecules, and the last panel is a real forward pass, which has to find their places.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, Rectangle

INK, SOFT = "#1a1a1a", "#8a8a8a"
ATOMS, MOLECULES = ("#0072B2", "#D55E00", "#009E73"), ("#6A3D9A", "#7A5200")

N, n = 240, 31  # length of the signal and of an atom
t = np.linspace(-1, 1, n)
bell = np.cos(np.pi * t / 2) ** 2
filters = np.stack([bell * t, bell * np.cos(2.2 * np.pi * t), bell * np.sin(5 * np.pi * t)])
filters /= np.linalg.norm(filters, axis=1, keepdims=True)

molecules = np.zeros((2, 3, 33))  # a molecule puts a few atoms next to each other
molecules[0, 0, 0], molecules[0, 1, 22] = 1.0, 0.8
molecules[1, 2, 0], molecules[1, 0, 18], molecules[1, 1, 32] = 0.9, 0.9, 0.8
deepest = np.zeros((2, N))
deepest[0, 12], deepest[1, 76], deepest[0, 164] = 1.0, 1.0, 0.9


def synthesize(code, atoms):
    """Sum of shifted atoms, each cut at the end of the signal."""
    return sum(np.convolve(c, a)[:N] for c, a in zip(code, atoms, strict=True))


def correlate(x, atom):
    """The inner product of ``atom`` with ``x`` at every shift."""
    return np.correlate(np.concatenate([x, np.zeros(len(atom) - 1)]), atom, "valid")


def relu(z):
    return np.maximum(z, 0)


middle = np.stack([synthesize(deepest, molecules[:, k]) for k in range(3)])
x = synthesize(middle, filters)
y = x + 0.03 * np.random.default_rng(0).standard_normal(N)
layer1 = relu(np.stack([correlate(y, a) for a in filters]) - 0.4)
norms = (molecules**2).sum((1, 2))
layer2 = [sum(correlate(g, a) for g, a in zip(layer1, mol, strict=True)) for mol in molecules]
layer2 = relu(np.stack(layer2) / norms[:, None] - 0.3)
peaks = [set(np.flatnonzero((c > np.roll(c, 1)) & (c > np.roll(c, -1))).tolist()) for c in layer2]
places = [set(np.flatnonzero(c).tolist()) for c in deepest]
if peaks != places:
    raise SystemExit(f"the forward pass peaks at {peaks}, the molecules are at {places}")

plt.rcParams.update({"svg.hashsalt": "story", "font.size": 11, "text.color": INK})
plt.rcParams["mathtext.fontset"] = "stixsans"
WIDTH, HEIGHT = 375, 612  # points; the page shows it at up to 560 pixels
fig = plt.figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="white")


def panel(top, height, left=12, right=12):
    """Axes without a frame, placed in points from the upper left corner."""
    width = WIDTH - left - right
    ax = fig.add_axes((left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT))
    ax.set_xlim(-2, N)
    ax.axis("off")
    return ax


def head(top, name, line):
    fig.text(12 / WIDTH, 1 - top / HEIGHT, name, weight="bold", va="top", fontsize=12)
    fig.text(1 - 12 / WIDTH, 1 - top / HEIGHT, line, va="top", ha="right", fontsize=12)


def step(top, words):
    """An arrow down to the next model, and what it changes."""
    a, b = 1 - top / HEIGHT, 1 - (top + 17) / HEIGHT
    fig.add_artist(
        ConnectionPatch(
            (0.07, a), (0.07, b), "figure fraction", arrowstyle="-|>", color=INK, lw=1.4, mutation_scale=12
        )
    )
    fig.text(0.11, (a + b) / 2, words, va="center", style="italic")


def draw_signal(ax, level, scale=1.4, values=x, color=INK):
    ax.plot(np.arange(N), level + scale * values, color=color, lw=1.5)


def draw_atoms(ax, level, scale=1.4, crop=None):
    """The atoms of the code, each in its place; ``crop`` keeps what a patch sees of them."""
    for k, i in zip(*np.nonzero(middle), strict=True):
        at = np.arange(i, i + n)
        shape = scale * middle[k, i] * filters[k]
        inside = slice(None) if crop is None else (at >= crop[0]) & (at < crop[1])
        ax.plot(at[inside], level + shape[inside], color=ATOMS[k], lw=1.8)


head(6, "1  Patches", r"every $\mathbf{R}_i\mathbf{X}=\mathbf{\Omega}\gamma_i$, $\gamma_i$ sparse")
ax = panel(24, 98)
draw_signal(ax, 1.15)
for start in (20, 96, 180):
    ax.add_patch(Rectangle((start, -0.62), 44, 2.42, fc="#f1f1f1", ec=SOFT, lw=1, zorder=0))
    draw_atoms(ax, 0, crop=(start, start + 44))
ax.set_ylim(-0.7, 1.9)

step(126, "one model for the whole signal")
head(150, "2  Convolutional sparse coding", r"$\mathbf{X}=\mathbf{D\Gamma}$, $\mathbf{\Gamma}$ sparse")
ax = panel(168, 98)
draw_signal(ax, 1.15)
draw_atoms(ax, 0)
ax.set_ylim(-0.7, 1.9)

step(270, "the code has structure too")
head(
    294,
    "3  Multi-layer CSC",
    r"$\mathbf{X}=\mathbf{D}_1\mathbf{\Gamma}_1$, $\mathbf{\Gamma}_1=\mathbf{D}_2\mathbf{\Gamma}_2$",
)
ax = panel(312, 112)
draw_signal(ax, 1.15)
draw_atoms(ax, 0)
for j, i in zip(*np.nonzero(deepest), strict=True):
    end = i + np.flatnonzero(molecules[j].any(0)).max() + n
    ax.plot([i, i, end, end], [-0.62, -0.75, -0.75, -0.62], color=MOLECULES[j], lw=1.8)
    ax.text((i + end) / 2, -0.84, f"molecule {'AB'[j]}", color=MOLECULES[j], ha="center", va="top")
ax.set_ylim(-1.25, 1.9)

step(428, "find the code by thresholding")
head(452, "4  A network's forward pass", "")
fig.text(
    12 / WIDTH,
    1 - 471 / HEIGHT,
    va="top",
    fontsize=12,
    s=r"$\mathrm{ReLU}(\mathbf{b}_2+\mathbf{W}_2^T\;\mathrm{ReLU}(\mathbf{b}_1+\mathbf{W}_1^T\mathbf{Y}))$",
)


def feature_maps(ax, maps, colors):
    for row, (values, color) in enumerate(zip(maps, colors, strict=True)):
        level = len(maps) - 1 - row
        ax.axhline(level, color="#d0d0d0", lw=1)
        ax.fill_between(np.arange(N), level, level + 0.8 * values / maps.max(), color=color, lw=1.2)
    ax.set_ylim(-0.15, len(maps) - 0.1)


first, second, third = (panel(494, 90, 12 + shift, 268 - shift) for shift in (0, 128, 256))
draw_signal(first, 0, values=y, color=SOFT)
first.set_ylim(-1.1, 1.1)
feature_maps(second, layer1, ATOMS)
feature_maps(third, layer2, MOLECULES)
words = (
    r"$\mathbf{Y}$, noisy",
    r"$\hat{\mathbf{\Gamma}}_1$: where atoms are",
    r"$\hat{\mathbf{\Gamma}}_2$: molecules",
)
for ax, label in zip((first, second, third), words, strict=True):
    ax.text(0.5, -0.05, label, transform=ax.transAxes, ha="center", va="top")
for a, b in ((first, second), (second, third)):
    fig.add_artist(
        ConnectionPatch(
            (1.05, 0.5),
            (-0.05, 0.5),
            a.transAxes,
            b.transAxes,
            arrowstyle="-|>",
            color=INK,
            lw=1.4,
            mutation_scale=12,
        )
    )

fig.savefig(Path(__file__).with_name("story.svg"), metadata={"Date": None, "Creator": None})
