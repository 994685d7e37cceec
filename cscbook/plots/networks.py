"""Networks: what they answer, and with what confidence."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS
from .pictures import image


def answers(x, named, label=None, width=7.0, height=2.6):
    """A picture (H, W, c) in 0..1 beside the probabilities of all classes that each network gives it,
    ``{name: scores}``; the right class ``label`` is drawn darker; returns the figure.
    """
    ratios = [1] + [1.6] * len(named)
    fig, axes = plt.subplots(
        1, 1 + len(named), figsize=(width, height), layout="constrained", width_ratios=ratios
    )
    image(x, axes[0], limits=(0, 1))
    for ax, (name, scores) in zip(axes[1:], named.items(), strict=True):
        p = np.exp(to_numpy(scores) - to_numpy(scores).max())
        colors = [COLORS["code" if k == label else "other"] for k in range(len(p))]
        ax.bar(range(len(p)), p / p.sum(), color=colors)
        ax.set(ylim=(0, 1), xticks=range(len(p)), xlabel="class", title=name)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[2:]:
        ax.tick_params(labelleft=False)
    axes[1].set_ylabel("probability")
    return fig
