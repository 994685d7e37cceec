"""What all commands share: inputs, names, exit codes, and files that are whole or not there."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands.pictures import noisy, read, save, scene

import cscbook.commands
from cscbook.checkpoints import writing
from cscbook.commands import files
from cscbook.commands.tiles import by_tiles, tiles

COMMANDS = sorted(cscbook.commands.commands.commands)
FAST = ("--method", "dct", "--quiet")


@pytest.fixture
def photos(tmp_path):
    """A folder with two pictures in colour and a text."""
    for name in ("one.png", "two.jpg"):
        save(tmp_path / "photos" / name, noisy(scene(), 15))
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path / "photos"


def names(folder):
    return sorted(p.name for p in folder.iterdir())


# --- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_its_own_options_read(call, name):
    text = " ".join(call(name, "--help").out.split())
    assert text.count("Example: ") == 1
    words = text.split("Example: cscbook ")[1].split(" writes ")[0].split()
    command = cscbook.commands.commands.commands[words[0]]
    assert words[0] == name
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_the_commands_by_themselves(call):
    done = call()
    assert done.code == 0 and all(name in done.out for name in COMMANDS)
    assert call("--version").out.strip().endswith(cscbook.__version__)


def test_the_package_does_not_need_the_library_of_its_command_line():
    code = "import cscbook, sys; sys.exit('click' in sys.modules or 'tifffile' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


# --- inputs that are not right ------------------------------------------------------------------


@pytest.mark.parametrize(
    "args, message",
    [
        (["denoise"], "Missing argument 'INPUTS...'"),
        (["denoise", "absent.png"], "no file absent.png"),
        (["denoise", "*.absent"], r"no file *.absent"),
        (["denoise", "photos", "--colour"], "No such option"),
        (["denoise", "photos", "-o", "photos/one.png"], "is a file, expected a folder for 2 inputs"),
        (["denoise", "photos/one.png", "-o", "clean.xyz"], "clean.xyz cannot be written, expected"),
        (["code", "photos/one.png", "-o", "code.png"], "expected a name in .npz"),
        (["dance"], "No such command 'dance'"),
        (["inpaint", "photos/one.png"], "Missing option '--mask'"),
        (["inpaint", "photos/one.png", "--mask", "absent.png"], "'absent.png' does not exist"),
        (["transcribe", "photos"], "no file in photos ends in .wav"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(refused, photos, args, message):
    assert message in refused(*args)


@pytest.mark.parametrize("name", ["denoise", "enlarge", "separate", "code", "learn"])
@pytest.mark.parametrize("content", [b"", b"a letter"])
def test_what_is_no_picture_is_one_sentence(refused, tmp_path, name, content):
    (tmp_path / "letter.png").write_bytes(content)
    line = refused(name, "letter.png")
    assert "letter.png is no picture that can be read" in line
    assert names(tmp_path) == ["letter.png"]


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_libraries_add_nothing_to_the_sentence(tmp_path, share):
    import tifffile

    tifffile.imwrite(tmp_path / "y.tif", scene(c=3), photometric="rgb")
    content = (tmp_path / "y.tif").read_bytes()
    (tmp_path / "y.tif").write_bytes(content[: int(share * len(content))])
    command = [sys.executable, "-m", "cscbook.commands", "denoise", "y.tif"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("cscbook: y.tif is ")


def test_one_bad_picture_does_not_keep_the_others(call, photos):
    (photos / "broken.png").write_bytes(b"a letter")
    done = call("denoise", photos, "-o", "clean", *FAST)
    assert done.code == 2 and names(Path("clean")) == ["one.png", "two.png"]
    assert len(done.err.strip().splitlines()) == 1 and "broken.png" in done.err


def test_a_failure_of_the_machine_has_exit_code_1(call, photos, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "save_picture", full)
    done = call("denoise", photos, "-o", "clean", *FAST)
    assert done.code == 1 and done.err.count("No space left") == 2 and names(Path("clean")) == []


# --- inputs and names ---------------------------------------------------------------------------


def test_a_folder_a_pattern_and_several_files(call, photos):
    for k, given in enumerate(
        [["photos"], ["photos/*.png", "photos/*.jpg"], ["photos/two.jpg", "photos/one.png"]]
    ):
        done = call("denoise", *given, "-o", f"clean{k}", "--method", "dct")
        assert done.code == 0 and names(Path(f"clean{k}")) == ["one.png", "two.png"]
        assert len(done.out.splitlines()) == 2


def test_results_lie_beside_their_inputs_by_default(call, photos):
    assert call("denoise", "photos/one.png", *FAST).code == 0
    assert names(photos) == ["notes.txt", "one-denoised.png", "one.png", "two.jpg"]


def test_an_output_without_an_ending_is_a_folder(call, photos):
    assert call("denoise", "photos/one.png", "-o", "new/results", *FAST).code == 0
    assert names(Path("new/results")) == ["one.png"]


def test_two_results_of_one_name_are_refused(refused, photos):
    save(photos / "one.bmp", scene())
    assert "two results would be called" in refused("denoise", photos, "-o", "clean")


def test_the_same_file_twice_is_done_once(call, photos):
    done = call("denoise", "photos/one.png", "photos/one.png", "-o", "a.png", "--method", "dct")
    assert done.code == 0 and len(done.out.splitlines()) == 1


def test_nothing_is_replaced_without_force(call, refused, photos, tmp_path):
    (tmp_path / "clean.png").write_bytes(b"mine")
    line = refused("denoise", "photos/one.png", "-o", "clean.png", *FAST)
    assert "clean.png exists, use --force to replace it" in line
    assert (tmp_path / "clean.png").read_bytes() == b"mine"
    assert call("denoise", "photos/one.png", "-o", "clean.png", "--force", *FAST).code == 0
    assert read(tmp_path / "clean.png").shape == (48, 56, 3)


def test_one_existing_result_stops_all_before_any_work(refused, photos, tmp_path):
    save(tmp_path / "clean" / "two.png", scene())
    assert "two.png exists" in refused("denoise", photos, "-o", "clean", *FAST)
    assert names(tmp_path / "clean") == ["two.png"]


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_is_not_finished_is_not_there(tmp_path, error):
    (tmp_path / "a").write_text("before")
    with pytest.raises(error), writing(tmp_path / "a", tmp_path / "b") as (a, b):
        a.write_text("half")
        b.write_text("half")
        assert len(names(tmp_path)) == 3
        raise error
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "before"


@pytest.mark.skipif(os.name == "nt", reason="rights of files are another matter there")
def test_what_is_written_has_the_rights_of_any_new_file(tmp_path):
    with writing(tmp_path / "a") as (a,):
        a.write_text("done")
    (tmp_path / "b").write_text("done")
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"]
    assert rights[0] == rights[1]


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_file(tmp_path, number):
    """The command is stopped while it writes: after it made its temporary file, and before it is renamed."""
    save(tmp_path / "y.png", noisy(scene(), 15))
    slow = (
        "import sys, time, cscbook.commands as c; from cscbook.commands import files\n"
        "def wait(*args): print('writing', flush=True); time.sleep(60)\n"
        "files.save_picture = wait\n"
        "c.main(['denoise', 'y.png', '-o', 'x.png', '--method', 'dct'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", slow], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "writing\n"
        assert len(names(tmp_path)) == 2, "the temporary file is there"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1 and err.strip().endswith("cscbook: interrupted")
    assert names(tmp_path) == ["y.png"]


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_an_interruption_during_the_work_leaves_no_file(tmp_path):
    save(tmp_path / "y.png", noisy(scene(700, 900), 15))
    command = [sys.executable, "-m", "cscbook.commands", "denoise", "y.png", "-o", "new/x.png"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr.readline().startswith("noise: sigma")
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1 and err.strip().endswith("cscbook: interrupted")
    assert names(tmp_path) == ["y.png"]


@pytest.mark.parametrize("ending", [e for e in files.WRITTEN])
def test_all_formats_that_are_offered_can_be_written(tmp_path, ending):
    for c in (1, 3):
        target = tmp_path / f"x{c}{ending}"
        with writing(target) as (file,):
            files.save_picture(file, scene(c=c), target)
        assert np.abs(read(target)[..., :c].mean() - scene(c=c).mean()) < 2


# --- tiles --------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [(5, 7), (40, 41), (100, 33)])
def test_tiles_cover_every_pixel_once(space):
    count = np.zeros(space, int)
    for tile in tiles(space, 16, 5):
        count[tile.core] += 1
        place = np.zeros(space, int)
        place[tile.window][tile.inside] = 1
        assert (place[tile.core] == 1).all() and place.sum() == place[tile.core].size
        for core, window, N in zip(tile.core, tile.window, space, strict=True):
            assert window.start == max(core.start - 5, 0) and window.stop == min(core.stop + 5, N)
    assert (count == 1).all()


def test_a_local_function_is_the_same_by_tiles(rng):
    def blur(y):
        wide = np.pad(y, ((3, 3), (3, 3), (0, 0)), mode="reflect")
        return sum(wide[i : i + y.shape[0], j : j + y.shape[1]] for i in range(7) for j in range(7)) / 49

    y = rng.random((70, 55, 3))
    np.testing.assert_allclose(by_tiles(blur, y, 20, 3, quiet=True), blur(y), rtol=1e-6)
    doubled = by_tiles(lambda a: a.repeat(2, 0).repeat(2, 1), y, 20, 3, scale=2, quiet=True)
    np.testing.assert_allclose(doubled, y.repeat(2, 0).repeat(2, 1), rtol=1e-6)
