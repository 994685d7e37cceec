"""The same `explore` cell in JupyterLab, where a slider calls the kernel."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError

pytestmark = pytest.mark.browser

CELL = """
import os
import matplotlib.pyplot as plt
from cscbook.widgets import explore

def bars(height, width):
    figure, ax = plt.subplots(figsize=(4, 2))
    ax.bar([0], [height], width)
    ax.set(xlim=(-1, 1), ylim=(0, 10), title=f"drawn by process {os.getpid()}")
    return figure

explore(bars, height=[1, 5, 9], width=[0.5, 1.5], alt="a bar of height {height} and width {width}")
"""


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab of our own, with a notebook of one cell open."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (tmp_path / "work").mkdir()
    nbformat.write(notebook, tmp_path / "work" / "explore.ipynb")
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR",
              "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")  # fmt: skip
    environment = os.environ | {name: str(tmp_path / name) for name in places}
    environment.pop("CSCBOOK_FRAMES", None)
    token = secrets.token_hex(16)
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": tmp_path / "work",
        "IdentityProvider.token": token,
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=tmp_path)
    try:
        yield f"{wait_for_address(server, tmp_path)}doc/tree/explore.ipynb?token={token}"
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def wait_for_address(server, folder):
    for _ in range(300):
        if server.poll() is not None:
            break
        for file in Path(folder / "JUPYTER_RUNTIME_DIR").glob("jpserver-*.json"):
            if found := re.search(r'"url": "([^"]+)"', file.read_text()):
                return json.loads(f'"{found.group(1)}"')
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{(folder / 'log').read_text()[-2000:]}")


def test_a_slider_redraws_through_the_kernel(lab, watch):
    tab = watch(viewport={"width": 1280, "height": 900})
    tab.page.goto(lab)
    picture = tab.page.locator(".jp-OutputArea img")
    traceback = tab.page.locator(".jp-OutputArea [data-mime-type*=error]")
    for _ in range(12):  # on a busy machine a key is lost that comes before JupyterLab is ready
        tab.page.locator(".jp-CodeCell .cm-content").first.click(timeout=60_000)
        tab.page.keyboard.press("Control+Enter")
        try:
            picture.or_(traceback).first.wait_for(timeout=20_000)
            break
        except TimeoutError:
            continue
    assert not traceback.count(), traceback.first.text_content()
    assert picture.get_attribute("alt") == "a bar of height 5 and width 1.5"
    before = picture.get_attribute("src")

    handle = tab.page.get_by_role("slider").first
    handle.focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.locator(".jp-OutputArea img[alt='a bar of height 9 and width 1.5']").wait_for(timeout=120_000)
    assert picture.get_attribute("src") != before
    assert tab.refused == []
