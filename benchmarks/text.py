"""Lines against lines that nobody trained on: `python benchmarks/text.py [names.txt] [--minutes 10] [--run DIR]`.

Trains by the default recipe on nine tenths of the lines of a file (of the embedded names, if none is given), and
measures on the last tenth, which the run never saw, what docs/RESULTS.md says of text: the divergence of groups of one
to four letters of 5,000 lines beside that of 5,000 training lines and of 5,000 lines of a 4-gram model; how many lines
are new, and how many differ from one another. `--run DIR` measures a run that is there, on its own held-out part.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

import faussaire
from faussaire.core.config import Config
from faussaire.core.rng import numpy_generator_for
from faussaire.data import embedded_sets, prepare
from faussaire.evaluation.extractors.lines import LinesExtractor
from faussaire.evaluation.metrics.lines import compared, distinct_share, groups_of
from faussaire.generation.generator import Generator
from faussaire.modalities import of_spec
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import recorded_config, recorded_fingerprint

NUM_LINES = 5_000
MOST_TIMES, LEAST_NEW, LEAST_DISTINCT = 2.0, 0.6, 0.9
LEVEL = 0.95


def split(path: Path, folder: Path) -> tuple[Path, list[str]]:
    """Write nine tenths of the different lines of a file, and return where, and the rest."""
    lines = list(dict.fromkeys(path.read_text("utf-8").split("\n")))
    lines = [line for line in lines if line.strip()]
    order = numpy_generator_for(0, "benchmark text").permutation(len(lines))
    mixed = [lines[place] for place in order]
    (folder / path.name).write_text("\n".join(mixed[len(mixed) // 10 :]), "utf-8")
    return folder / path.name, mixed[: len(mixed) // 10]


def measure(run: Path, unseen: list[str] | None) -> bool:
    """Print the figures of a run, and return whether all are as good as they shall be."""
    generator, folder = Generator.load(run), RunFolder(run)
    config: Config = recorded_config(folder)
    data = prepare(config.data, **config.preparation(), fingerprint=recorded_fingerprint(folder))
    kind = of_spec(data.spec)
    real = (data.held_out[:] if unseen is None else kind.to_rows(np.array(unseen))).astype(np.int64)
    train = LinesExtractor(data.images[:], trained_on=data.fingerprint)
    made = kind.to_rows(generator.sample(NUM_LINES, seed=0)).astype(np.int64)
    sides = {
        "this GAN": made,
        "training lines": train.seen(NUM_LINES, seed=0),
        "4-gram model": train.model.write(NUM_LINES, seed=0),
    }
    print(
        f"{data.name}: {len(train.train):,} lines to learn from, {len(real):,} unseen; {generator.nimg:,} lines shown"
    )
    values = {}
    for name, lines in sides.items():
        figures = [compared(groups_of(real, n), groups_of(lines, n), LEVEL) for n in (1, 2, 3, 4)]
        new, distinct = float(train.are_new(lines).mean()), distinct_share(lines, LEVEL).value
        told = "  ".join(f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]" for one in figures)
        print(f"{name:15} n={len(lines):,}  1 to 4 letters: {told}  new {new:.1%}  distinct {distinct:.1%}")
        values[name] = (figures[2].value, new, distinct)
    (ours, new, distinct), (floor, *_), (model, *_) = values.values()
    print(f"three letters: {ours / floor:.2f} times the floor (4-gram model: {model / floor:.2f})")
    print("  ".join(generator.sample(24, seed=1).tolist()))
    return ours <= MOST_TIMES * floor and new >= LEAST_NEW and distinct >= LEAST_DISTINCT


def main() -> None:
    """Train, measure, and end with 1 where a figure is not as good as it shall be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=embedded_sets()["names"].path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kimg", type=float, help="thousands of lines shown instead: on a machine that is not quiet")
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    asked = parser.parse_args()
    if asked.run is not None:
        raise SystemExit(not measure(asked.run, None))
    with tempfile.TemporaryDirectory() as folder:
        data, unseen = split(asked.file, Path(folder))
        length = {"minutes": asked.minutes} if asked.kimg is None else {"kimg": asked.kimg}
        run = faussaire.train(data, run=Path(folder) / "run", **length)
        raise SystemExit(not measure(run.path, unseen))


if __name__ == "__main__":
    main()
