"""Convolutional networks on digits: what an epoch costs beside PyTorch, and how well unfolded pursuits do.

``python tests/bench cnn`` times three epochs, and says so where torch, which no extra of the package
brings, is not installed. ``python tests/bench/cnn.py`` trains the network of the book
(32, 64 and 512 filters) and pursuits unfolded from it with the same seeds, and prints for each plan the
accuracies on the held-out digits, their mean and spread, the paired difference from the plain network,
and the CPU time of an epoch. ``--converged`` adds basis pursuit that is solved in every layer and
differentiated at its solution, and ``--small`` takes fewer filters. ``--pooling`` compares strides with
max-pooling instead. ``--attack EPS`` attacks each network through its own steps, and ``--full-mnist`` reads
MNIST's four files from a folder, or from where ``load_mnist`` looks, and reports the test accuracy.
"""

import argparse
import time
from datetime import date

from harness import measure, table  # one thread: must come before numpy

# isort: split
import numpy as np

from cscbook import accuracy, load_digits, load_mnist, train_cnn
from cscbook.networks import adversarial_noise, layered_bp
from cscbook.networks.plans import cnn, layered_ista, ml_ista
from cscbook.networks.pooling import pooled_cnn

SIZES, ATOMS, STRIDES, BATCH = ((6, 6), (6, 6), (4, 4)), (32, 64, 512), (2, 2, 1), 64


def plans(unfoldings, converged=False):
    """``{name: (plan, free)}``: the network first, then what is unfolded from it, or solved."""
    found = {"CNN": (cnn, False)} | ({"layered BP": (layered_bp(tol=3e-3), False)} if converged else {})
    for T in unfoldings:
        found |= {
            f"layered ISTA, T = {T}": (layered_ista(T), False),
            f"ML-ISTA, T = {T}": (ml_ista(T), False),
        }
        found |= {f"ML-FISTA, T = {T}": (ml_ista(T, momentum=True), False)} if T > 1 else {}
        found |= {f"ML-LISTA, T = {T}": (ml_ista(T), True)}
    return found


def torch_training(x, y, epochs):
    """The same network in PyTorch: Adam, one thread, as many batches; the mean loss of the last epoch."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    nn, channels = torch.nn, (1, *ATOMS)
    layers = []
    for i, (size, stride) in enumerate(zip(SIZES, STRIDES, strict=True)):
        layers += [nn.Conv2d(channels[i], channels[i + 1], size, stride), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(ATOMS[-1], 10))
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    x, y = torch.tensor(np.moveaxis(x, -1, 1).copy()), torch.tensor(y)

    for _ in range(epochs):
        total = 0.0
        for some in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x[some]), y[some])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(some)
    return total / len(x)


def run(repeat):
    """Three epochs over 4,000 digits, ours and PyTorch's."""
    x, y, _, _ = (a.astype("f4") if a.dtype == float else a for a in load_digits())
    solvers = {
        "cscbook": lambda: train_cnn(x, y, n_iter=3, batch=BATCH).trace[-1]["loss"],
        "PyTorch": lambda: torch_training(x, y, 3),
    }
    seconds, losses = measure(solvers, repeat)
    notes = {name: f"loss of the last epoch {loss:.2f}" for name, loss in losses.items()}
    table("three epochs of a CNN, 4,000 digits, batches of 64, Adam, float32", seconds, notes)


def compare(named, data, options):
    """Train every plan from every seed, a row as soon as it is there; then the table."""
    x, y, xt, yt = data
    scores, cost = {name: [] for name in named}, {name: [] for name in named}
    for seed in range(options.seeds):
        for name, ((plan, free), geometry) in named.items():
            start, rng = time.process_time(), np.random.default_rng(seed)
            net = train_cnn(
                x, y, plan=plan, free=free, n_iter=options.epochs, batch=BATCH, shift=2, rng=rng, **geometry
            )
            cost[name].append((time.process_time() - start) / options.epochs)
            seen = (
                xt + adversarial_noise(net, xt, yt, options.attack, options.steps) if options.attack else xt
            )
            scores[name].append(100 * accuracy(net, seen, yt))
            print(f"seed {seed}  {name:24s} {scores[name][-1]:6.2f} %  {cost[name][-1]:6.2f} s", flush=True)
    report(scores, cost)


def report(scores, cost):
    first = np.array(next(iter(scores.values())))
    print(f"\n{'':24s}  mean    spread  least   against the first      an epoch")
    for name, found in scores.items():
        found, gap = np.array(found), np.array(found) - first
        spread, error = found.std(ddof=1), gap.std(ddof=1) / len(gap) ** 0.5
        row = f"{name:24s} {found.mean():6.2f}  {spread:6.2f}  {found.min():6.2f}"
        print(f"{row}   {gap.mean():+6.2f} +- {error:4.2f}      {np.median(cost[name]):6.2f} s")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--unfoldings", type=int, nargs="*", default=(1, 2), metavar="T")
    parser.add_argument(
        "--only", default="", help="only plans whose name holds one of these, comma-separated"
    )
    parser.add_argument("--converged", action="store_true", help="basis pursuit in every layer, too")
    parser.add_argument(
        "--small", action="store_true", help="16, 32, 128 filters, rate 0.002"
    )
    parser.add_argument("--pooling", action="store_true")
    parser.add_argument(
        "--attack", type=float, default=0.0, metavar="EPS", help="accuracies under noise of this norm"
    )
    parser.add_argument("--steps", type=int, default=5, help="steps of the attack")
    parser.add_argument("--full-mnist", nargs="?", const="", metavar="FOLDER")
    options = parser.parse_args()
    data = load_digits() if options.full_mnist is None else load_mnist(options.full_mnist or None)
    data = [a.astype("f4") if a.dtype.kind == "f" else a for a in data]
    if options.pooling:
        five = {"sizes": ((5, 5), (5, 5), (4, 4))}
        named = {"stride": ((cnn, False), five), "max-pooling": ((pooled_cnn, False), five)}
    else:
        some, every = ["CNN", *options.only.split(",")], plans(options.unfoldings, options.converged)
        shape = {"atoms": (16, 32, 128), "rate": 2e-3} if options.small else {}
        named = {n: (plan, shape) for n, plan in every.items() if any(s in n for s in some)}
    print(f"{date.today()}, {len(data[0])} and {len(data[2])} digits, {options.epochs} epochs, one thread")
    compare(named, data, options)


if __name__ == "__main__":
    main()
