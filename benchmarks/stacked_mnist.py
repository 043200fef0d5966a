"""How many of the 1,000 modes of Stacked-MNIST does the default find? (issue C, line 6)

    python benchmarks/stacked_mnist.py --minutes 30 --out FOLDER

Each image holds three random training digits of MNIST as its channels, so that there are 10 · 10 · 10 modes, all
equally likely (Metz et al. 2017, arXiv 1611.02163). The default trains on 100,000 of them, seeded. The counting
protocol is that of PacGAN (Lin et al. 2018, arXiv 1712.04086): of 26,000 samples, each channel is classified by a
classifier of real digits (benchmarks/_judge.py); a mode counts where at least one sample has its three digits;
KL(samples || uniform) in nats, over the 1,000 modes. Since a classifier errs, the count of modes with at least a tenth
of their share (three samples) is printed too, and both figures of real test digits stacked the same way. Asked for: >=
950 modes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from _datasets import ImageSet, add_sets_flag, load
from _judge import Judge, judge_of
from _runs import append, beside, last_stats, must, out_folder, samples_of, shown, train, write_grid
from faussaire.core.intervals import Estimate, normal
from faussaire.core.rng import numpy_generator_for
from faussaire.evaluation.metrics.classes import class_histogram

MODES = 1_000
SAMPLES = 26_000
ENOUGH = 3  # a tenth of a mode's share, rounded up: fewer may be the classifier's errors


def stack(digits: np.ndarray, n: int, stream: str) -> np.ndarray:
    """Return `n` images uint8 `[n, 3, H, W]` of three random digits each, of uint8 `[N, 1, H, W]`."""
    chosen = numpy_generator_for(0, f"stacked {stream}").integers(0, len(digits), size=(n, 3))
    return np.ascontiguousarray(digits[chosen, 0])


def histogram(judge: Judge, images: np.ndarray) -> Tensor:
    """Return how many of uint8 images `[N, 3, H, W]` fall into each of the modes: int64 `[1000]`."""
    digits = judge.classify(images.reshape(-1, 1, *images.shape[2:])).view(-1, 3)
    return class_histogram(digits @ torch.tensor([100, 10, 1]), num_classes=MODES)


def modes_of(counts: Tensor, at_least: int = 1) -> Estimate:
    """Return the number of modes that hold `at_least` so many samples.

    The interval covers its expectation at this n, by the jackknife: only a sample of a mode that holds just enough,
    left out, takes one away, so the variance is the number of these (Efron & Stein 1981: too large, if anything).
    """
    n, needed = int(counts.sum()), at_least * int((counts == at_least).sum())
    found = normal(int((counts >= at_least).sum()), needed * (1 - needed / n))
    return Estimate(value=found.value, low=max(0.0, found.low), high=min(float(MODES), found.high))


def divergence(counts: Tensor) -> Estimate:
    """Return KL(samples || uniform) in nats over the modes, the plain estimate, too high by about 999 / (2 n).

    The interval covers its expectation at this n: variance of log(q / p), and 999 / (2 n²) for its quadratic term.
    """
    n = int(counts.sum())
    share = counts[counts > 0].double() / n
    logs = (share * MODES).log()
    value = float((share * logs).sum())
    spread = float((share * logs.square()).sum()) - value**2
    found = normal(value, spread / n + (MODES - 1) / (2 * n**2))
    return Estimate(value=value, low=max(0.0, found.low), high=found.high)


def report(what: str, counts: Tensor) -> dict[str, list[float]]:
    """Print the figures of a histogram, and return them."""
    seen, known, kl = modes_of(counts), modes_of(counts, ENOUGH), divergence(counts)
    print(
        f"{what}, n={int(counts.sum()):,}: modes with a sample {shown(seen, 0)}; with {ENOUGH} or more "
        f"{shown(known, 0)}; KL {shown(kl, 4)} nats (a perfect one: {(MODES - 1) / (2 * int(counts.sum())):.4f})",
        flush=True,
    )
    return {name: [e.value, e.low, e.high] for name, e in (("modes", seen), ("known", known), ("kl", kl))}


def play(data: ImageSet, judge: Judge, out: Path, *, images: int, minutes: float, seed: int) -> None:
    """Train once and count."""
    path = out / f"stacked-mnist-{images}.npz"
    if not path.is_file():
        stacked = stack(data.train, images, "train")
        write_grid(out / "stacked-mnist-reals.png", stacked)
        np.savez(path, images=np.ascontiguousarray(stacked.transpose(0, 2, 3, 1)))
    run = out / f"stacked-{minutes:g}min-seed{seed}"
    finished = must(train(path, run, "--minutes", f"{minutes:g}", "--seed", str(seed)))
    samples = samples_of(run, SAMPLES)
    if samples.shape[1:] != (3, *data.train.shape[2:]):
        raise SystemExit(f"{run} makes images of {samples.shape[1:]}, not of three digits")
    write_grid(beside(run, ".png"), samples)
    nimg = last_stats(run)["nimg"]
    print(f"{nimg:,} images seen in {finished.seconds:.1f} s, seed {seed}")
    counts = histogram(judge, samples)
    row = {"seed": seed, "minutes": minutes, "seconds": finished.seconds, "nimg": nimg, "n": SAMPLES}
    append(out / "stacked-mnist.jsonl", row | report("samples", counts) | {"histogram": counts.tolist()})


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_sets_flag(parser)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new temporary one if not given")
    options = parser.parse_args()
    data = load(options.sets, "mnist")
    out = out_folder(options.out, "stacked-mnist")
    judge = judge_of(data)
    report("real test digits", histogram(judge, stack(data.test, SAMPLES, "test")))
    for seed in options.seeds:
        play(data, judge, out, images=options.images, minutes=options.minutes, seed=seed)


if __name__ == "__main__":
    main()
