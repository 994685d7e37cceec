"""The built book in a real browser: offline, readable by all, and its sliders move without a kernel."""

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark"}

# Serious faults that are the theme's, as (axe's rule, axe's selector): none is left.
THEMES_FAULTS = set()


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
