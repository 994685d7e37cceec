"""`explore` in both of its lives, without a browser (tests/browser has one), and `show_source`."""

import base64
import io
import itertools
import json
import re
from html.parser import HTMLParser

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from cscbook import widgets
from cscbook.shrinkage import soft
from cscbook.widgets import explore, show_source

plt.switch_backend("agg")


def bar(height, colour="blue"):
    figure, ax = plt.subplots(figsize=(4, 2))
    ax.bar([0], [height], color=colour)
    ax.set_ylim(0, 10)
    return figure


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, in order."""
    outputs = []
    monkeypatch.setattr(widgets, "display", lambda output, raw=False: outputs.append(output))
    return outputs


@pytest.fixture(params=["live", "frames"])
def mode(request, monkeypatch):
    monkeypatch.setenv("CSCBOOK_FRAMES", "1" if request.param == "frames" else "0")
    return request.param


@pytest.fixture
def page(shown, monkeypatch):
    """``page(draw, ...)``: the HTML that the built book gets, and the data its script reads."""
    monkeypatch.setenv("CSCBOOK_FRAMES", "1")

    def make(*args, **kwargs):
        explore(*args, **kwargs)
        html = shown[-1]["text/html"]
        return html, json.loads(
            re.search(r'<script type="application/json">(.*?)</script>', html, re.S).group(1)
        )

    return make


def pixels(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB"))


def test_every_combination_is_a_frame_in_the_order_that_the_script_counts(page):
    heights, colours = [1, 5, 9], ["red", "green"]
    _, data = page(bar, alt="{colour} bar of {height}", height=heights, colour=colours)
    assert data["texts"] == [["1", "5", "9"], ["red", "green"]]
    assert data["alts"] == [f"{c} bar of {h}" for h, c in itertools.product(heights, colours)]
    assert len(set(data["pictures"])) == 6


def test_a_frame_is_the_figure_without_loss(page):
    _, data = page(bar, alt="a bar of {height}", height=[2, 7])
    figure = bar(7)
    figure.set_layout_engine("constrained")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144, facecolor="white")
    plt.close(figure)
    np.testing.assert_array_equal(pixels(data["pictures"][1]), np.asarray(Image.open(buffer).convert("RGB")))


def test_the_page_starts_in_the_middle(page):
    html, data = page(bar, alt="a bar of {height}", height=[1, 3, 5, 7, 9])
    assert f'<img src="{data["pictures"][2]}"' in html and 'alt="a bar of 5"' in html and 'value="2"' in html


def test_every_slider_has_a_label_and_the_picture_a_text(page):
    html, _ = page(lambda bar_height: bar(bar_height), alt="a bar", caption="Look < up", bar_height=[1, 2])
    assert re.search(r"<label><span>bar height</span> <input type=\"range\"", html)
    assert "<figcaption>Look &lt; up</figcaption>" in html and 'role="status"' in html


def test_no_value_can_break_out_of_the_page(page):
    nasty = '</script><b a="&">'
    html, data = page(lambda name: bar(1), alt="{name}", caption=nasty, name=[nasty, "x"])
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.feed(html)
    assert " ".join(tags) == "figure img figcaption div label span input span p script script"
    assert data["alts"][0] == nasty


def test_a_live_slider_draws_again(shown, monkeypatch):
    monkeypatch.delenv("CSCBOOK_FRAMES", raising=False)
    explore(bar, alt="a bar of {height}", caption="Look", height=[1, 5, 9])
    picture, words, slider, _ = shown[0].children
    assert isinstance(slider, ipywidgets.SelectionSlider) and words.value == "Look"
    assert 'alt="a bar of 5"' in picture.value
    before = picture.value
    slider.value = 9
    assert 'alt="a bar of 9"' in picture.value and picture.value != before


def test_frames_and_the_live_slider_show_the_same_picture(shown, page, monkeypatch):
    _, data = page(bar, alt="a bar of {height}", height=[1, 5])
    monkeypatch.setenv("CSCBOOK_FRAMES", "0")
    explore(bar, alt="a bar of {height}", height=[1, 5])
    assert data["pictures"][1] in shown[-1].children[0].value


def test_figures_are_closed(mode, shown):
    before = plt.get_fignums()
    explore(bar, alt="a bar of {height}", height=[1, 2, 3])
    assert plt.get_fignums() == before


def test_numpy_values_are_taken_and_read_as_numbers(mode, shown):
    explore(bar, alt="a bar of {height:.1f}", height=np.linspace(0, 1, 11)[2:5])
    if mode == "frames":
        assert shown[0]["text/plain"] == "a bar of 0.3" and '"0.2", "0.3", "0.4"' in shown[0]["text/html"]
    else:
        assert shown[0].children[1].label == "0.3"


@pytest.mark.parametrize(
    "settings, words",
    [
        (dict(alt="x"), "at least one slider"),
        (dict(alt="x", height=[1]), "'height' needs at least two values, got [1]"),
        (
            dict(alt="x", height=range(31), colour=["red", "blue"]),
            "31 height × 2 colour = 62 pictures, expected at most 60",
        ),
        (dict(alt=" ", height=[1, 2]), "alt=' '"),
        (dict(alt=None, height=[1, 2]), "alt=None"),
        (
            dict(alt="a bar of {size}", height=[1, 2]),
            "alt names 'size', which is no slider: expected ['height']",
        ),
        (dict(alt="a bar of {}", height=[1, 2]), "which is no slider"),
        (dict(alt="x", height=[1, 1]), "shows two of its values alike"),
    ],
)
def test_wrong_settings_are_refused_in_both_lives(mode, shown, settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        explore(bar, **settings)
    assert shown == []


def test_sixty_pictures_are_still_taken(shown, monkeypatch):
    monkeypatch.setattr(widgets, "_picture", lambda draw, values: ("data:,", 1))
    monkeypatch.setenv("CSCBOOK_FRAMES", "1")
    explore(bar, alt="x", height=range(30), colour=["red", "blue"])
    assert len(shown) == 1


def test_what_is_not_a_figure_is_refused(mode, shown):
    with pytest.raises(TypeError, match="returned None, expected a matplotlib Figure"):
        explore(lambda height: None, alt="x", height=[1, 2])


def test_a_figure_that_cannot_be_drawn_makes_the_cell_fail(mode, shown):
    with pytest.raises(ZeroDivisionError):
        explore(lambda height: bar(1 / 0), alt="x", height=[1, 2])


def test_show_source_shows_the_package_s_own_lines(shown):
    show_source(soft)
    text = shown[0].data
    assert (
        text.startswith("````python\ndef soft(z, beta):") and "xp.maximum" in text and text.endswith("\n````")
    )


def test_show_source_refuses_what_has_no_source(shown):
    with pytest.raises(TypeError, match="got 3"):
        show_source(3)
    with pytest.raises(TypeError, match="sum"):
        show_source(sum)


def test_a_sound_on_a_page_is_a_wav_file_with_a_label(shown):
    x = 0.25 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)[:, None]
    widgets.listen(x, 8000, 'the note "A4" & nothing else')
    page, words = shown[-1]["text/html"], shown[-1]["text/plain"]
    assert words == 'the note "A4" & nothing else'
    assert 'aria-label="the note &quot;A4&quot; &amp; nothing else"' in page and "<audio controls" in page
    uri = re.search(r'src="data:audio/wav;base64,([^"]+)"', page).group(1)
    rate, samples = wavfile.read(io.BytesIO(base64.b64decode(uri)))
    assert rate == 8000 and samples.dtype == np.int16 and np.abs(samples).max() == round(0.9 * 32767)
    np.testing.assert_allclose(samples / samples.max(), x[:, 0] / x.max(), atol=1e-4)


def test_silence_can_be_shown_and_bad_sounds_cannot(shown):
    widgets.listen(np.zeros((10, 1)), 8000, "silence")
    assert "data:audio/wav" in shown[-1]["text/html"]
    for x, label in ((np.zeros(10), "a"), (np.full((5, 1), np.nan), "a"), (np.zeros((5, 1)), " ")):
        with pytest.raises(ValueError, match="waveform|text"):
            widgets.listen(x, 8000, label)


def test_a_slider_keeps_the_names_that_its_cell_saw(shown):
    cell = """
def draw(height):
    return helper(height + shift)

def helper(height):
    return bar(height, colour)

shift, colour = 1, "blue"
explore(draw, alt="bar", height=[1, 3, 5])
"""
    notebook = {"bar": bar, "explore": explore}
    exec(cell, notebook)
    slider = shown[-1].children[-2]
    notebook |= {"shift": None, "colour": None, "bar": None, "helper": None, "draw": None}
    slider.index = 2
    assert "Traceback" not in str(shown[-1].children[-1].outputs)
    assert 'alt="bar"' in shown[-1].children[0].value
    before = shown[-1].children[0].value
    slider.index = 0
    assert shown[-1].children[0].value != before, "and it still moves"
