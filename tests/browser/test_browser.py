"""The built book in a real browser: offline, readable by all, and its sliders move without a kernel."""

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark"}

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
UNFOLD = """() => {
  document.querySelectorAll('article details').forEach(fold => fold.open = true);
  document.querySelectorAll('article .toggle-hidden').forEach(fold => fold.classList.remove('toggle-hidden'));
}"""


def visit(tab, url):
    """Open a page and wait until its formulas are set."""
    tab.page.goto(url)
    tab.page.evaluate("window.MathJax?.startup?.promise?.then(() => true)")


def check_all(watch, chapters, root, **settings):
    """Open every page; return what went wrong, page by page."""
    faults = []
    for name in chapters:
        tab = watch(**settings)
        tab.page.goto(f"{root}/{name}", wait_until="networkidle")
        faults += [f"{name}: {fault}" for fault in tab.faults()]
        tab.context.close()
    return faults


def test_served_pages_ask_for_nothing_and_log_nothing(watch, chapters, address):
    assert check_all(watch, [*chapters, "index.html", "search.html", "404.html"], address) == []


def test_pages_opened_as_files_ask_for_nothing_and_log_nothing(watch, chapters, book):
    assert check_all(watch, [*chapters, "index.html"], book.as_uri()) == []


def test_formulas_are_set(watch, chapters, address):
    tab, seen = watch(), 0
    for name in chapters:
        visit(tab, f"{address}/{name}")
        formulas, set_ = (
            tab.page.locator(f"article .math{more}").count() for more in ("", ":has(mjx-container)")
        )
        assert set_ == formulas, f"{name}: {formulas - set_} formulas are raw"
        assert tab.page.locator("article mjx-merror").count() == 0, f"{name}: a formula with an error"
        seen += formulas
    assert seen


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_no_serious_fault_of_ours(watch, chapters, address, colours):
    tab, ours = watch(color_scheme=colours), []
    for name in chapters:
        visit(tab, f"{address}/{name}")
        tab.page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
        # The hundreds of rows of the page of claims are alike: a few stand for all of them.
        tab.page.evaluate("document.querySelectorAll('table.claims tr + tr + tr').forEach(r => r.remove())")
        found = tab.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        ours += [
            (name, fault["id"], node["target"][-1], node["html"][:120])
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
            if (fault["id"], node["target"][-1]) not in THEMES_FAULTS
        ]
    assert ours == []


@pytest.mark.parametrize("settings", [PHONE, PHONE | DARK, {"viewport": {"width": 1280, "height": 800}}])
def test_pages_are_no_wider_than_the_screen(watch, chapters, address, settings):
    tab = watch(**settings)
    for name in chapters:
        visit(tab, f"{address}/{name}")
        wide = tab.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name}: {wide} pixels too wide"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_at_the_edge_of_its_column(watch, chapters, address, width):
    """What is wider than its column has a scroll bar of its own, in folded text too."""
    tab, cut = watch(viewport={"width": width, "height": 900}), []
    for name in chapters:
        visit(tab, f"{address}/{name}")
        tab.page.evaluate(UNFOLD)
        cut += [(name, what) for what in tab.page.evaluate(CUT)[:3]]
    assert cut == []


def test_paper_shows_what_is_folded(watch, chapters, address):
    tab, folds = watch(), 0
    folded = "article details > :not(summary), article .toggle-hidden > :not(.admonition-title) p"
    shown = f"""() => [...document.querySelectorAll('{folded}')]
        .map(e => e.checkVisibility({{visibilityProperty: true}}))"""
    for name in chapters:
        tab.page.emulate_media(media="screen")
        visit(tab, f"{address}/{name}")
        hidden = tab.page.evaluate(shown).count(False)
        tab.page.emulate_media(media="print")
        tab.page.wait_for_timeout(400)  # the theme fades its folds in
        assert tab.page.evaluate(shown).count(False) == 0, name
        folds += hidden
    assert folds


def test_dark_mode_follows_the_system(watch, chapters, address):
    def ground(tab):
        tab.page.goto(f"{address}/{chapters[0]}")
        assert tab.page.locator("html").get_attribute("data-theme") == tab.page.evaluate(
            "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
        )
        return tab.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert ground(watch(**DARK)) != ground(watch(color_scheme="light"))


def test_the_search_finds_a_page(watch, address):
    tab = watch()
    tab.page.goto(f"{address}/search.html?q=notation", wait_until="networkidle")
    tab.page.locator("#search-results li a").first.wait_for()


@pytest.mark.parametrize("settings", [{}, PHONE])
def test_a_slider_moved_by_keyboard_changes_the_picture_without_a_kernel(watch, chapters, address, settings):
    tab, moved = watch(**settings), 0
    for name in chapters:
        visit(tab, f"{address}/{name}")
        for figure in tab.page.locator("figure.explore").all():
            picture, said = figure.locator("img"), figure.get_by_role("status")
            for slider in figure.get_by_role("slider").all():
                src, alt, value = (
                    picture.get_attribute("src"),
                    picture.get_attribute("alt"),
                    slider.input_value(),
                )
                text = slider.get_attribute("aria-valuetext")
                slider.focus()
                tab.page.keyboard.press("ArrowLeft")
                assert slider.input_value() != value, name
                assert picture.get_attribute("src") != src, name
                assert slider.get_attribute("aria-valuetext") != text, name
                assert said.text_content() == picture.get_attribute("alt"), name
                assert (
                    picture.evaluate("async image => { await image.decode(); return image.naturalWidth }") > 0
                )
                tab.page.keyboard.press("ArrowRight")
                assert (picture.get_attribute("src"), picture.get_attribute("alt")) == (src, alt), name
                moved += 1
    assert moved, "no page has a slider"
    assert tab.faults() == []
