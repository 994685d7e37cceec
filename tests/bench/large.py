"""Memory and time of coding an image of 8192 x 8192 pixels over 32 filters of 8 x 8, tile by tile.

The image lies in an .npy of 256 MiB in float32; the dense code would take 8 GiB. It is a mosaic of the book's
photographs, each with its low frequencies removed. A child process codes it, and reports the most memory that
it ever held.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDE, TOL = 8192, 1e-4


def write(file, side, period=2048):
    """The mosaic of a smaller side, again and again, written band by band."""
    import numpy as np
    from memory import mosaic

    part = mosaic(min(side, period)).astype("f4")
    y = np.lib.format.open_memmap(file, "w+", "f4", (side, side, 1))
    for i in range(0, side, len(part)):
        for j in range(0, side, len(part)):
            y[i : i + len(part), j : j + len(part)] = part


def filters():
    from conv_problems import photograph

    return photograph("camera", 256, 8, 32, 0.05)[0].filters.astype("f4")


def child(folder):
    import harness  # noqa: F401
    import numpy as np

    from cscbook.large import code_tiles

    atoms = np.load(f"{folder}/filters.npy")
    before, start, began = peak(), time.process_time(), time.perf_counter()
    found = code_tiles(f"{folder}/y.npy", atoms, 0.05, TOL, folder=f"{folder}/code")
    spent = [time.process_time() - start, time.perf_counter() - began]
    print(json.dumps([peak(), before, *spent, len(found.trace), found.gap, found.code.count_nonzero()]))


def peak():
    """The most memory that this process held, in GiB; getrusage gives that of the parent where it is more."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**20


def run(repeat, side=SIDE, folder=None):
    """In a folder that is kept, an interrupted run goes on; the time is then that of the last part."""
    if folder is None:
        with tempfile.TemporaryDirectory() as folder:
            return run(repeat, side, folder)
    import numpy as np

    if not Path(folder, "filters.npy").exists():
        Path(folder).mkdir(exist_ok=True)
        write(f"{folder}/y.npy", side)
        np.save(f"{folder}/filters.npy", filters())
    command = [sys.executable, __file__, "child", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    size = sum(file.stat().st_size for file in Path(folder, "code").iterdir()) / 2**30
    most, before, cpu, wall, rounds, gap, nonzeros = json.loads(done.stdout)
    print(f"\n{side} x {side} pixels, 32 filters of 8 x 8, float32, lam = 0.05, one thread")
    print(f"  peak memory {most:.2f} GiB ({before:.2f} before the call), {size:.2f} GiB in the folder")
    print(f"  {cpu:.0f} s of CPU, {wall:.0f} s in all, {rounds} rounds, {nonzeros} non-zeros")
    print(f"  duality gap of the whole image {gap:.1e}")


def main():
    if sys.argv[1:2] == ["child"]:
        return child(sys.argv[2])
    run(1, *map(int, sys.argv[1:2]), *sys.argv[2:3])


if __name__ == "__main__":
    main()
