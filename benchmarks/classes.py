"""Does the default keep to one class, and find all ten? (issue C, line 4)

    python benchmarks/classes.py --minutes 3 --out FOLDER

Two trainings on MNIST's IDX files, `faussaire train DATA --minutes M --classes 7` and the same without --classes;
10,000 samples of each are told apart by three classifiers of real digits (benchmarks/_judge.py), whose own shares of
errors on real sevens are printed beside. Asked for: >= 0.985 [low end >= 0.98] of the first are sevens by two of the
three; of the second each class has between half and twice its share among the training images, by the first of them.
Rows go to FOLDER/classes.jsonl, pictures beside them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from _datasets import ImageSet, add_sets_flag, load
from _judge import Judge, judges_of
from _runs import append, beside, last_stats, must, out_folder, samples_of, shown, train, write_grid
from faussaire.core.intervals import wilson
from faussaire.evaluation.metrics.classes import class_histogram, known_modes, total_variation

SAMPLES = 10_000
FACTOR = 2.0


def one_class(data: ImageSet, judges: list[Judge], label: int, out: Path, flags: list[str]) -> None:
    """Train on one class; print how many of its samples are of that class."""
    run = out / f"class-{label}-{'-'.join(flags[1::2])}"
    finished = must(train(data.trainable(out), run, "--classes", data.classes[label], *flags))
    samples = samples_of(run, SAMPLES)
    write_grid(beside(run, ".png"), samples)
    real = data.test[data.test_labels == label]
    nimg = last_stats(run)["nimg"]
    print(f"--classes {data.classes[label]}: {nimg:,} images seen in {finished.seconds:.1f} s")
    for judge in judges:
        share = wilson(int((judge.classify(samples) == label).sum()), len(samples))
        known = wilson(int((judge.classify(real) == label).sum()), len(real))
        row = {"what": "one class", "judge": judge.name, "class": label, "n": len(samples)}
        row |= {"share": [share.value, share.low, share.high], "nimg": nimg, "seconds": finished.seconds}
        append(out / "classes.jsonl", row | {"flags": flags})
        print(
            f"  by {judge.name}: {shown(share, 4)} of n={len(samples):,} samples are of that class, of real test "
            f"images {shown(known, 4)} (n={len(real):,})",
            flush=True,
        )


def all_classes(data: ImageSet, judge: Judge, out: Path, flags: list[str]) -> None:
    """Train on everything; print the share of each class beside its share of the training images."""
    run = out / f"all-{'-'.join(flags[1::2])}"
    finished = must(train(data.trainable(out), run, *flags))
    samples = samples_of(run, SAMPLES)
    write_grid(beside(run, ".png"), samples)
    fake = class_histogram(judge.classify(samples), num_classes=len(data.classes))
    real = class_histogram(judge.classify(data.test), num_classes=len(data.classes))
    wanted = np.bincount(data.train_labels, minlength=len(data.classes)) / len(data.train_labels)
    print(f"\nall classes, n={len(samples):,}; {last_stats(run)['nimg']:,} images seen in {finished.seconds:.1f} s")
    print(f"{'class':<12} {'share of samples [95 %]':<26} {'of training':>11} {'ratio [95 %]':<24}")
    ratios = []
    for name, count, share in zip(data.classes, fake.tolist(), wanted.tolist(), strict=True):
        found = wilson(count, len(samples))
        ratios.append([x / share for x in (found.value, found.low, found.high)])
        value, low, high = ratios[-1]
        print(f"{name:<12} {shown(found, 4):<26} {share:>11.4f} {value:.3f} [{low:.3f}, {high:.3f}]")
    worst = max((value for value, _, _ in ratios), key=lambda value: max(value, 1 / max(value, 1e-9)))
    held = sum(1 / FACTOR <= value <= FACTOR for value, _, _ in ratios)
    print(f"{held} of {len(ratios)} within a factor of {FACTOR:g}; the worst ratio is {worst:.3f}")
    distance, known = total_variation(real, fake), known_modes(real, fake)
    print(
        f"total variation to {len(data.test):,} test images, both by the judge: {shown(distance)}; classes known: "
        f"{known.value:g} [{known.low:g}, {known.high:g}]",
        flush=True,
    )
    row = {"what": "all classes", "n": len(samples), "ratios": ratios, "histogram": fake.tolist()}
    append(out / "classes.jsonl", row | {"nimg": last_stats(run)["nimg"], "flags": flags})


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_sets_flag(parser)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--class", dest="label", type=int, default=7)
    parser.add_argument("--only", choices=("one", "all"))
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new temporary one if not given")
    options = parser.parse_args()
    data = load(options.sets, "mnist")
    out = out_folder(options.out, "classes")
    judges = judges_of(data)
    for seed in options.seeds:
        flags = ["--minutes", f"{options.minutes:g}", "--seed", str(seed)]
        if options.only != "all":
            one_class(data, judges, options.label, out, flags)
        if options.only != "one":
            all_classes(data, judges[0], out, flags)


if __name__ == "__main__":
    main()
