"""How the benchmarks measure: one process, one thread, CPU seconds, best of several runs in turn."""

import os

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR"):  # before anything imports numpy
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import time  # noqa: E402


def measure(solvers, repeat):
    """CPU seconds and results of ``{name: function of nothing}``, in turn ``repeat`` times after one
    warm-up each.

    A solver whose library is not installed is left out, and said so.
    """
    ready, seconds, results = {}, {}, {}
    for name, solve in solvers.items():
        try:
            results[name] = solve()
        except ImportError as error:
            print(f"  {name}: left out, {error}")
            continue
        ready[name], seconds[name] = solve, []
    for _ in range(repeat):
        for name, solve in ready.items():
            start = time.process_time()
            results[name] = solve()
            seconds[name].append(time.process_time() - start)
    return {name: min(times) for name, times in seconds.items()}, results


def table(title, seconds, notes):
    """Print one row a solver: seconds, how many times ours (the first) is faster, and what it reached."""
    print(f"\n{title}")
    ours = next(iter(seconds.values()))
    for name, spent in seconds.items():
        print(f"  {name:38s} {spent:8.3f} s  {spent / ours:7.2f} x  {notes[name]}")
