"""How Sphinx makes our pages: sliders as frames, outputs that know the package they came from, no network."""

import re
from pathlib import Path

from run_notebooks import cache_folder, notebooks, run


def prepare_execution(app, config):
    """Run the notebooks that have no fresh executed copy; myst-nb then finds all of them in the cache."""
    # A new path is an empty cache, and Sphinx reads every page again when this setting changes.
    config.nb_execution_cache_path = str(cache_folder())
    if config.nb_execution_mode == "cache":
        run(notebooks(), cache_folder(), say=lambda line: print(line, flush=True))


def add_repository_buttons(app, config):
    """Buttons that lead to the repository, once ``repository: url`` in _config.yml is set."""
    theme = config.html_theme_options
    if theme.get("repository_url"):
        theme.update(use_repository_button=True, use_issues_button=True, use_edit_page_button=True)
        theme["launch_buttons"] = theme.get("launch_buttons", {}) | {"binderhub_url": "https://mybinder.org"}


def keep_local_scripts(app, pagename, templatename, context, doctree):
    """Drop what a page would fetch from the network, and thebe, which fails on every page even when off."""
    context["script_files"] = [s for s in context["script_files"] if not _unwanted(s)]
    context["css_files"] = [s for s in context["css_files"] if not _unwanted(s)]


def _unwanted(asset):
    name = str(getattr(asset, "filename", asset) or "")
    body = getattr(asset, "attributes", {}).get("body") or ""
    return name.startswith(("http:", "https:", "//")) or "thebe" in (name + body).lower()


def mend_pages(app, exception):
    """Faults of the tools that no setting reaches."""
    for path in [] if exception else sorted(Path(app.outdir).rglob("*.html")):
        before = path.read_text(encoding="utf-8")
        # Fonts fetched ahead fail on pages opened as files, with an error each; the style sheet loads them.
        after = re.sub(r'<link rel="preload" as="font"[^>]*>\n?', "", before)
        # A list may only hold list items.
        after = after.replace('role="doc-biblioentry"', 'role="listitem"')
        # Proofs of one page share a name; so do the contents of its theorems, exercises and solutions.
        after = re.sub(r' id="proof"', "", after)
        after = re.sub(r' id="(proof|exercise|solution)-content"', "", after)
        if after != before:
            path.write_text(after, encoding="utf-8")


def setup(app):
    app.connect("config-inited", prepare_execution)
    app.connect("config-inited", add_repository_buttons, priority=100)  # before the theme reads its options
    app.connect(
        "html-page-context", keep_local_scripts, priority=900
    )  # after the extensions that add scripts
    app.connect("build-finished", mend_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
