"""Sliders that move with a kernel and without one, sounds to play, and the package's own source on a page."""

import base64
import html
import inspect
import io
import itertools
import json
import math
import os
import wave
from types import FunctionType

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .arrays import to_numpy

MOST_FRAMES = 60

# The reader's browser runs this once a figure: it swaps the pictures, and says to a screen reader what came.
_SCRIPT = """(() => {
  const figure = document.currentScript.closest("figure");
  const data = figure.querySelector("script[type='application/json']").textContent;
  const {texts, pictures, alts} = JSON.parse(data);
  const sliders = [...figure.querySelectorAll("input")];
  const show = () => {
    const frame = sliders.reduce((k, slider, j) => k * texts[j].length + Number(slider.value), 0);
    sliders.forEach((slider, j) => {
      const text = texts[j][slider.value];
      slider.setAttribute("aria-valuetext", text);
      slider.parentElement.querySelector(".explore-value").textContent = text;
    });
    Object.assign(figure.querySelector("img"), {src: pictures[frame], alt: alts[frame]});
    return alts[frame];
  };
  sliders.forEach(slider => slider.addEventListener("input", () => {
    figure.querySelector("[role=status]").textContent = show();
  }));
  show();
  figure.querySelector(".explore-sliders").hidden = false;
})();"""


def explore(draw, *, alt, caption=None, **choices):
    """Show the figure ``draw(**values)`` under one slider for each keyword of ``choices``.

    In Jupyter a slider calls ``draw`` in the kernel. The built book has no kernel: there (environment
    variable ``CSCBOOK_FRAMES=1``) every combination is drawn once and the page swaps the pictures.

    Parameters
    ----------
    draw : function
        Takes the values by keyword and returns a matplotlib Figure, of the same size for all values.
    alt : str
        What the picture shows, for readers who do not see it; ``{name}`` stands for the value of a slider.
    caption : str, optional
        Plain text under the picture: what to see.
    **choices : sequences
        ``name=values``: a slider over these values, at least two. It starts in the middle.
        All combinations together are at most 60.
    """
    choices = {name: list(values) for name, values in choices.items()}
    _check(alt, choices)
    draw = _as_it_is_now(draw)
    if os.environ.get("CSCBOOK_FRAMES") == "1":
        display(_frames(draw, alt, caption, choices), raw=True)
    else:
        display(_live(draw, alt, caption, choices))


def show_source(*things):
    """Show the source of functions or classes of the package, highlighted."""
    for thing in things:
        try:
            source = inspect.getsource(thing)
        except (TypeError, OSError) as error:
            raise TypeError(
                f"show_source needs functions or classes written in Python, got {thing!r}"
            ) from error
        display(Markdown(f"````python\n{source}````"))


def listen(x, rate, label):
    """Show a player of the waveform ``x`` (samples, 1), ``rate`` samples a second, that needs no network.

    The sound is scaled to nine tenths of the range, and lies in the page as a 16-bit WAV: a second at
    8 kHz takes 21 kB there. ``label`` says what one hears.
    """
    x = to_numpy(x)
    if x.ndim != 2 or x.shape[1] != 1 or not np.isfinite(x).all():
        raise ValueError(f"x of shape {x.shape}: expected a finite waveform (samples, 1)")
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"listen needs a text that says what one hears, got label={label!r}")
    samples = np.round(x[:, 0] * (0.9 * 32767 / (np.abs(x).max(initial=0) or 1))).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(int(rate))
        sound.writeframes(samples.tobytes())
    uri = "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode()
    words = html.escape(label)
    player = f'<audio controls preload="metadata" aria-label="{words}" src="{uri}"></audio>'
    page = f'<figure class="listen">{player}<figcaption>{words}</figcaption></figure>'
    display({"text/html": page, "text/plain": label}, raw=True)


def _as_it_is_now(draw):
    """``draw`` with the names of its notebook as they stand: a later cell may use them for other things."""
    if not isinstance(draw, FunctionType):
        return draw
    here = draw.__globals__
    names = dict(here)

    def keep(f):
        kept = FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)
        kept.__kwdefaults__ = f.__kwdefaults__
        return kept

    names |= {
        name: keep(f) for name, f in here.items() if isinstance(f, FunctionType) and f.__globals__ is here
    }
    return keep(draw)


def _check(alt, choices):
    if not choices:
        raise ValueError("explore needs at least one slider, given as name=values")
    for name, values in choices.items():
        if len(values) < 2:
            raise ValueError(f"slider {name!r} needs at least two values, got {values}")
        if len({_text(value) for value in values}) < len(values):
            raise ValueError(f"slider {name!r} shows two of its values alike: {[_text(v) for v in values]}")
    frames = math.prod(map(len, choices.values()))
    if frames > MOST_FRAMES:
        sizes = " × ".join(f"{len(values)} {name}" for name, values in choices.items())
        raise ValueError(f"{sizes} = {frames} pictures, expected at most {MOST_FRAMES}: give fewer values")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"explore needs a text for readers who do not see the picture, got alt={alt!r}")
    try:
        alt.format(**{name: values[0] for name, values in choices.items()})
    except (KeyError, IndexError) as error:
        raise ValueError(f"alt names {error}, which is no slider: expected {sorted(choices)}") from error


def _text(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _label(name):
    return name.replace("_", " ")


def _picture(draw, values):
    """Draw one frame: a data URI (WebP, lossless, 1.5 times the pixels it has on the page), and its width."""
    figure = draw(**values)
    if not isinstance(figure, Figure):
        raise TypeError(f"draw({values}) returned {figure!r}, expected a matplotlib Figure")
    buffer = io.BytesIO()
    # bbox_inches="tight" would give every frame another size, and the page would jump.
    if figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")
    figure.set(dpi=144, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # once, where `savefig` draws once for the layout and once more
    Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).save(buffer, "webp", lossless=True, method=1)
    plt.close(figure)
    uri = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    return uri, round(96 * figure.get_figwidth())


def _img(uri, width, alt):
    style = "max-width: 100%; height: auto; background: white"
    return f'<img src="{uri}" width="{width}" alt="{html.escape(alt)}" style="{style}">'


def _live(draw, alt, caption, choices):
    """One ipywidgets slider per choice; each move draws again."""
    picture, problems = ipywidgets.HTML(), ipywidgets.Output()
    sliders = {
        name: ipywidgets.SelectionSlider(
            options=[(_text(value), value) for value in values],
            index=len(values) // 2,
            description=_label(name),
            continuous_update=False,
            style={"description_width": "initial"},
        )
        for name, values in choices.items()
    }

    def redraw():
        values = {name: slider.value for name, slider in sliders.items()}
        picture.value = _img(*_picture(draw, values), alt.format(**values))

    redraw()  # outside of `problems`: a figure that cannot be drawn makes its cell fail
    for slider in sliders.values():
        slider.observe(problems.capture(clear_output=True)(lambda change: redraw()), names="value")
    words = [ipywidgets.HTML(html.escape(caption))] if caption else []
    return ipywidgets.VBox([picture, *words, *sliders.values(), problems])


def _slider(name, values):
    middle = len(values) // 2
    return (
        f"<label><span>{html.escape(_label(name))}</span> "
        f'<input type="range" min="0" max="{len(values) - 1}" value="{middle}" autocomplete="off"> '
        f'<span class="explore-value" aria-hidden="true">{html.escape(_text(values[middle]))}</span></label>'
    )


def _frames(draw, alt, caption, choices):
    """All pictures in one HTML figure with plain range inputs and a short script; no library, no kernel."""
    pictures, alts = [], []
    for combination in itertools.product(*choices.values()):
        values = dict(zip(choices, combination, strict=True))
        uri, width = _picture(draw, values)
        pictures.append(uri)
        alts.append(alt.format(**values))
    texts = [[_text(value) for value in values] for values in choices.values()]
    start = 0
    for values in choices.values():
        start = start * len(values) + len(values) // 2
    sliders = "".join(_slider(name, values) for name, values in choices.items())
    # "<" is escaped so that no value can end the script element
    data = json.dumps({"texts": texts, "pictures": pictures, "alts": alts}).replace("<", "\\u003c")
    page = (
        f'<figure class="explore">{_img(pictures[start], width, alts[start])}'
        f"{f'<figcaption>{html.escape(caption)}</figcaption>' if caption else ''}"
        f'<div class="explore-sliders" hidden>{sliders}</div><p class="explore-said" role="status"></p>'
        f'<script type="application/json">{data}</script><script>{_SCRIPT}</script></figure>'
    )
    return {"text/html": page, "text/plain": alts[start]}
