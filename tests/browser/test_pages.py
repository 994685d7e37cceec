"""What can be read off the built pages without a browser."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ("http:", "https:", "//")
LOADS = {"script": "src", "img": "src", "source": "src", "iframe": "src", "video": "src", "audio": "src",
         "embed": "src", "object": "data", "link": "href"}  # fmt: skip
# a <link> of these kinds names a page and loads nothing
NAMES_ONLY = {"canonical", "next", "prev", "author", "copyright", "index", "search", "license"}


class Page(HTMLParser):
    """The loads, links, anchors and images of one page."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.ids, self.images, self.classes, self.inline = [], [], [], [], set(), ""
        self.language, self._script = None, False
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found[key] for key in ("id",) if found.get(key)]
        self.classes.update((found.get("class") or "").split())
        if tag == "html":
            self.language = found.get("lang")
        if tag == "a" and found.get("name"):
            self.ids.append(found["name"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)
        if found.get(LOADS.get(tag)) and not NAMES_ONLY & set((found.get("rel") or "").split()):
            self.loads.append(found[LOADS[tag]])
        self.inline += " " + (found.get("style") or "")
        self._script = tag in ("script", "style") and found.get("type") != "application/json"

    def handle_data(self, data):
        if self._script:
            self.inline += data

    def handle_endtag(self, tag):
        self._script = False


@cache
def read(path):
    return Page(path)


def ours(book):
    """Every page of the book, and none of the theme's own files."""
    return sorted(p for p in book.rglob("*.html") if "_static" not in p.relative_to(book).parts)


def local(book, page, url):
    """The file that a link on a page means, and its anchor; 404.html counts from the root."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    target = book / path.lstrip("/") if path.startswith("/") else page.parent / path if path else page
    if target.is_dir():
        target = target / "index.html"
    return target.resolve(), unquote(parts.fragment)


def complaints(book, judge):
    return [f"{page.relative_to(book)}: {fault}" for page in ours(book) for fault in judge(page, read(page))]


def test_every_page_of_the_contents_is_built(book):
    named = re.findall(r"(?:file|root): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert named and [name for name in named if not (book / f"{name}.html").is_file()] == []
    assert (book / "404.html").is_file() and (book / "search.html").is_file()


def test_chapters_are_numbered_as_their_files(book):
    """The page of ``3_local_global/02_…`` is chapter 3.2."""
    for notebook in sorted((ROOT / "chapters").glob("[0-9]_*/[0-9]*.ipynb")):
        name = notebook.relative_to(ROOT).with_suffix(".html")
        expected = f"{notebook.parent.name[0]}.{int(notebook.stem[:2])}."
        found = re.findall(r'<h1><span class="section-number">([\d.]+) ?</span>', read(book / name).text)
        assert found == [expected], name


def test_nothing_is_loaded_from_the_network(book):
    assert complaints(book, lambda _, page: [url for url in page.loads if url.startswith(NETWORK)]) == []


def test_inline_scripts_and_styles_name_no_network_source(book):
    fetches = re.compile(r"""(?:url|import|fetch|importScripts)\s*\(?\s*["']?(?:https?:)?//[^\s"')]+""")
    assert complaints(book, lambda _, page: fetches.findall(page.inline)) == []


def test_style_sheets_name_no_network_source(book):
    fetches = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^\s"')]+""")
    found = [(css.name, fetches.findall(css.read_text(encoding="utf-8"))) for css in book.rglob("*.css")]
    assert found and [pair for pair in found if pair[1]] == []


def test_loaded_files_exist(book):
    def judge(path, page):
        here = [url for url in page.loads if not url.startswith((*NETWORK, "data:"))]
        return [url for url in here if not local(book, path, url)[0].is_file()]

    assert complaints(book, judge) == []


def test_links_and_anchors_exist(book):
    def judge(path, page):
        for url in page.links:
            if urlsplit(url).scheme or url.startswith("//") or url == "#":
                continue
            target, anchor = local(book, path, url)
            if not target.is_file():
                yield f"link to {url}, which does not exist"
            elif anchor and target.suffix == ".html" and anchor not in read(target).ids:
                yield f"link to {url}, a page without that anchor"

    assert complaints(book, judge) == []


def test_anchors_are_unique(book):
    def judge(path, page):
        twice = {anchor for anchor in page.ids if page.ids.count(anchor) > 1}
        # the theme's search page has its field twice
        return sorted(twice - {"search-input"} if path.name == "search.html" else twice)

    assert complaints(book, judge) == []


def test_every_image_says_what_it_shows(book):
    def judge(_, page):
        for image in page.images:
            alt = (image.get("alt") or "").strip()
            # Sphinx writes the file's path where a figure was given no text
            if not alt or re.search(r"\.(png|svg|jpe?g|webp|gif)$", alt):
                yield f"alt={alt!r} on {(image.get('src') or '')[:60]}"

    assert complaints(book, judge) == []


def test_no_markup_is_left_unread(book):
    bad = re.compile(r"\{(?:prf:ref|numref|cite(?::\w)?|eq|ref|doc|term)\}`|class=\"system-message")
    assert complaints(book, lambda _, page: sorted(set(bad.findall(page.text)))) == []


def test_no_widget_needs_a_kernel(book):
    """A live ipywidget on a built page is a slider that moves and does nothing."""
    bad = "application/vnd.jupyter.widget"
    assert complaints(book, lambda _, page: [bad] if bad in page.text else []) == []


def test_every_page_names_its_language(book):
    def judge(path, page):
        redirect = path == book / "index.html"
        return [] if redirect or page.language == "en" else [f"lang={page.language!r}"]

    assert complaints(book, judge) == []


def test_every_notebook_can_be_downloaded(book):
    notebooks = [p.relative_to(ROOT) for p in (ROOT / "chapters").rglob("*.ipynb") if p.parent.name[0] != "."]
    assert notebooks
    for notebook in notebooks:
        page = (book / notebook).with_suffix(".html")
        links = [local(book, page, url)[0] for url in read(page).links]
        source = book / "_sources" / notebook
        assert source in links and source.read_bytes() == (ROOT / notebook).read_bytes(), notebook


def test_repository_buttons_stand_where_an_address_is_set(book, chapters):
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    set_ = bool(settings["repository"]["url"])
    for name in chapters:
        classes = read(book / name).classes
        assert ("dropdown-source-buttons" in classes) == set_, name
        assert set_ or "dropdown-launch-buttons" not in classes, name
