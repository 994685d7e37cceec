"""The built book in a real browser: offline, readable by all, and its sliders move without a kernel."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

pytestmark = pytest.mark.browser

CONTENTS = Path(__file__).resolve().parents[2] / "_toc.yml"
PAGES = [f"{name}.html" for name in re.findall(r"(?:file|root): (\S+)", CONTENTS.read_text(encoding="utf-8"))]
DESK = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark"}
FOLDED = "article details > :not(summary), article .toggle-hidden > :not(.admonition-title) p"

# Serious faults that are the theme's, as (axe's rule, axe's selector): none is left.
THEMES_FAULTS = set()


# What reaches over the right edge of the column, or of a box that hides what is outside,
# and cannot be scrolled to.
CUT = """() => {
  const article = document.querySelector('article'), found = [];
  const skip = 'mjx-assistive-mml, .explore-said, svg *';
  for (const e of article.querySelectorAll('*')) {
    const box = e.getBoundingClientRect();
    if (!box.width || !box.height || e.closest(skip)) continue;
    let edge = article.getBoundingClientRect().right;
    for (let around = e.parentElement; around && around !== article; around = around.parentElement) {
      const overflow = getComputedStyle(around).overflowX;
      if (overflow === 'auto' || overflow === 'scroll') { edge = Infinity; break; }
      if (overflow === 'hidden') edge = Math.min(edge, around.getBoundingClientRect().right);
    }
    const over = Math.round(box.right - edge);
    if (over > 1) found.push(`${e.tagName} ${over} px: ${e.textContent.slice(0, 60)}`);
  }
  return found;
}"""
# Rows of claims, formulas, and the words of a program that have the same colour are alike: a few stand
# for all of them, because axe takes a long time over each.
FEWER = """() => {
  document.querySelectorAll('table.claims tr + tr + tr').forEach(row => row.remove());
  document.querySelectorAll('mjx-container').forEach((f, i) => f.style.display = i < 20 ? '' : 'none');
  const seen = {};
  document.querySelectorAll('pre span[class]:not(:has(*))').forEach(word => {
    seen[word.className] = (seen[word.className] || 0) + 1;
    if (seen[word.className] > 3) word.replaceWith(word.textContent);
  });
  document.querySelectorAll('pre').forEach(program => program.normalize());
}"""
UNFOLD = """() => {
  document.querySelectorAll('article details').forEach(fold => fold.open = true);
  document.querySelectorAll('article .toggle-hidden').forEach(fold => fold.classList.remove('toggle-hidden'));
}"""


def visit(tab, url):
    """Open a page and wait until its formulas are set and it asks for nothing more."""
    tab.page.goto(url, wait_until="networkidle")
    tab.page.evaluate("window.MathJax?.startup?.promise?.then(() => true)")


def raw_formulas(tab):
    counted = (".math", ".math:has(mjx-container)", "mjx-merror")
    formulas, set_, faulty = (tab.page.locator(f"article {what}").count() for what in counted)
    return (
        [f"of {formulas} formulas {set_} are set, {faulty} with an error"]
        if formulas > set_ or faulty
        else []
    )


def too_wide(tab):
    wide = tab.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [f"the page is {wide} pixels too wide"] if wide > 0 else []


def barriers(tab, colours):
    """Serious faults that axe finds, once it has been added to the page."""
    tab.page.evaluate(f"document.documentElement.dataset.theme = '{colours}'")
    tab.page.evaluate(FEWER)
    found = tab.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    tab.page.evaluate("document.querySelectorAll('mjx-container').forEach(f => f.style.display = '')")
    return [
        f"{colours}: {fault['id']} at {node['target'][-1]}: {node['html'][:120]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
        if (fault["id"], node["target"][-1]) not in THEMES_FAULTS
    ]


def hidden_on_paper(tab):
    """What is folded on the screen and not shown when the page is printed."""
    tab.page.emulate_media(media="print")
    tab.page.wait_for_timeout(400)  # the theme fades its folds in
    folds = tab.page.locator(FOLDED)
    shown = folds.evaluate_all("all => all.map(e => e.checkVisibility({visibilityProperty: true}))")
    tab.page.emulate_media(media="screen")
    return [f"{shown.count(False)} folded texts are not printed"] if not all(shown) else []


def cut(tab):
    """What is wider than its column and has no scroll bar of its own, in folded text too."""
    tab.page.evaluate(UNFOLD)
    return tab.page.evaluate(CUT)[:3]


def move_sliders(tab):
    """Move every slider there and back by keyboard; returns how many there are."""
    moved = 0
    for figure in tab.page.locator("figure.explore").all():
        picture, said = figure.locator("img"), figure.get_by_role("status")
        for slider in figure.get_by_role("slider").all():
            src, alt, value = picture.get_attribute("src"), picture.get_attribute("alt"), slider.input_value()
            text = slider.get_attribute("aria-valuetext")
            slider.focus()
            tab.page.keyboard.press("ArrowLeft")
            assert slider.input_value() != value
            assert picture.get_attribute("src") != src
            assert slider.get_attribute("aria-valuetext") != text
            assert said.text_content() == picture.get_attribute("alt")
            assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth }") > 0
            tab.page.keyboard.press("ArrowRight")
            assert (picture.get_attribute("src"), picture.get_attribute("alt")) == (src, alt)
            moved += 1
    return moved


@pytest.mark.parametrize("name", PAGES)
def test_page_on_a_desk(watch, address, name):
    """In light, in dark and on paper: nothing asked of the network, nothing raw, cut or unreadable."""
    tab = watch(**DESK)
    visit(tab, f"{address}/{name}")
    move_sliders(tab)
    faults = raw_formulas(tab) + too_wide(tab) + tab.faults()
    tab.page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))  # from here on axe asks for style sheets
    faults += barriers(tab, "light") + barriers(tab, "dark")
    # Last, because the theme measures anew which boxes scroll when the page is laid out for paper.
    assert faults + hidden_on_paper(tab) + cut(tab) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_on_a_phone(watch, address, name):
    tab = watch(**PHONE)
    visit(tab, f"{address}/{name}")
    move_sliders(tab)
    faults = too_wide(tab) + cut(tab)
    assert faults + tab.faults() == []


@pytest.mark.parametrize("name", [*PAGES, "index.html"])
def test_page_opened_as_a_file(watch, book, name):
    tab = watch()
    tab.page.goto(f"{book.as_uri()}/{name}", wait_until="networkidle")
    assert tab.faults() == []


@pytest.mark.parametrize("name", ["index.html", "search.html", "404.html"])
def test_other_pages_ask_for_nothing(watch, address, name):
    tab = watch()
    tab.page.goto(f"{address}/{name}", wait_until="networkidle")
    assert tab.faults() == []


def test_there_are_formulas_folds_and_sliders_to_look_at(watch, address):
    tab = watch(**DESK)
    visit(tab, f"{address}/chapters/2_csc/02_two_interpretations.html")
    assert tab.page.locator("article .math").count() and tab.page.locator(FOLDED).count()
    assert move_sliders(tab)


def test_a_pale_word_in_a_program_is_found(watch, address):
    tab = watch(**DESK)
    visit(tab, f"{address}/chapters/5_cnn/03_training_is_dictionary_learning.html")
    tab.page.add_style_tag(content=".highlight .kn { color: #ddd !important }")
    tab.page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    assert any('class="kn"' in fault for fault in barriers(tab, "light"))


def test_dark_mode_follows_the_system(watch, address):
    def ground(tab):
        tab.page.goto(f"{address}/{PAGES[0]}")
        assert tab.page.locator("html").get_attribute("data-theme") == tab.page.evaluate(
            "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
        )
        return tab.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert ground(watch(**DARK)) != ground(watch(color_scheme="light"))


def test_the_search_finds_a_page(watch, address):
    tab = watch()
    tab.page.goto(f"{address}/search.html?q=notation", wait_until="networkidle")
    tab.page.locator("#search-results li a").first.wait_for()
