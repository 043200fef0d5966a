"""Chorales and folk tunes: does what the default makes in ten minutes measure as held-out music? (issue I, line 2)

    python benchmarks/music.py --minutes 10 --out FOLDER --pictures docs/music

`jsb-chorales-16th.json` and `nottingham-melodies.zip`, each by the default recipe (or for --kimg thousand windows,
which depends on no clock). 10,000 samples are then held against the pieces that the run set aside, by the musical
figures of `faussaire evaluate`; of the chorales also against those of the file's test part, which no run sees. A figure
passes within 15 % of the held-out value, or, where the two intervals overlap (empty bars are rare). The test for copies
is made as it stands, and once more with the training windows in all twelve keys. With --pictures the first five samples
of seed 0 are written there as MIDI, and together as a picture. Rows go to FOLDER/music.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from _datasets import add_sets_flag
from _runs import append, last_stats, must, out_folder, shown, train
from faussaire.core.intervals import Estimate
from faussaire.data import prepare
from faussaire.data.dataset import Dataset
from faussaire.evaluation.extractors.music import SEMITONES, MusicExtractor, beginning, sounding
from faussaire.evaluation.memorisation import memorisation
from faussaire.evaluation.metrics.music import classes_divergence, figures
from faussaire.generation.generator import Generator
from faussaire.modalities import of_spec
from faussaire.modalities.pictures import picture

DATA = {"chorales": "jsb-chorales-16th.json", "nottingham": "nottingham-melodies.zip"}
SAMPLES = 10_000
COPIES = 2_000
NEAR = 0.15
ASKED = ("empty-bars", "polyphony", "pitch-classes", "pitch-classes-of-bars", "scale-consistency")
"""The figures that acceptance names."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_sets_flag(parser)
    parser.add_argument("--only", choices=sorted(DATA), help="one of them, both if not given")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10.0)
    length.add_argument("--kimg", type=float)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="for five MIDI files, and their picture")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new temporary one if not given")
    options = parser.parse_args()
    out = out_folder(options.out, "music")
    for name in [options.only] if options.only else DATA:
        for seed in options.seeds:
            play(name, options.sets / DATA[name], out, options, seed)


def play(name: str, data: Path, out: Path, options: argparse.Namespace, seed: int) -> None:
    """Train once and measure."""
    if not data.is_file():
        sys.exit(f"{data} is missing: name the folder of the data sets by --sets FOLDER")
    length = ("--minutes", options.minutes) if options.kimg is None else ("--kimg", options.kimg)
    run = out / f"{name}-{length[1]:g}{length[0][2:]}-seed{seed}"
    finished = must(train(data, run, length[0], f"{length[1]:g}", "--seed", str(seed)))
    nimg, dataset, generator = last_stats(run)["nimg"], prepare(data), Generator.load(run)
    print(f"\n{name}, seed {seed}: {nimg:,} windows seen in {finished.seconds:.0f} s", flush=True)
    extractor = MusicExtractor()
    fake = torch.cat([extractor(piece) for piece in generator.chunks(SAMPLES, seed=seed)])
    held_out = features(dataset.held_out[:], dataset)
    row: dict[str, Any] = {"data": name, "seed": seed, "nimg": nimg, "seconds": finished.seconds}
    row["held out"] = against(fake, held_out, "the run's held-out windows")
    if (test := part_of(data, "test", out)) is not None:
        row["test part"] = against(fake, features(test, dataset), "windows of the test part")
    row["copies"] = copies(features(dataset.images[:], dataset), held_out, fake[:COPIES])
    append(out / "music.jsonl", row)
    if options.pictures is not None:
        write(generator, options.pictures, name)


def features(rows: np.ndarray, dataset: Dataset) -> Tensor:
    """Return the features `[n, 832]` of windows uint8 `[n, V, 64, P]`."""
    extractor, kind = MusicExtractor(), of_spec(dataset.spec)
    return torch.cat([extractor(kind.to_real(rows[first : first + 256])) for first in range(0, len(rows), 256)])


def part_of(data: Path, part: str, out: Path) -> np.ndarray | None:
    """Return the windows of one part of a file of chorales; None where it has no parts."""
    if data.suffix != ".json":
        return None
    path = out / f"{data.stem}-{part}.json"
    path.write_text(json.dumps(json.loads(data.read_text("utf-8"))[part]), "utf-8")
    found = prepare(path)
    return np.concatenate([found.images[:], found.held_out[:]])


def against(fake: Tensor, real: Tensor, what: str) -> dict[str, Any]:
    """Print and return the figures of fakes beside those of reals."""
    print(f"samples, n={len(fake):,}, beside {what}, n={len(real):,}:")
    of_fake, of_real, found = figures(fake), figures(real), {}
    for name, value in of_fake.items():
        held_out = of_real[name]
        verdict = "" if name not in ASKED else "  pass" if passes(value, held_out) else "  FAIL"
        ratio = value.value / held_out.value if held_out.value else float("nan")
        print(f"  {name:22} {shown(value, 4)}  held out {shown(held_out, 4)}  ratio {ratio:.3f}{verdict}")
        found[name] = {"value": vars(value), "held out": vars(held_out)}
    value, floor = classes_divergence(sounding(real), sounding(fake))
    print(f"  {'pitch-divergence':22} {shown(value, 5)}  reals against reals {shown(floor, 5)}", flush=True)
    return found | {"pitch-divergence": {"value": vars(value), "floor": vars(floor)}}


def passes(value: Estimate, held_out: Estimate) -> bool:
    """Whether a figure is within 15 % of the held-out one, or their intervals overlap."""
    near = abs(value.value - held_out.value) <= NEAR * held_out.value
    return near or (value.low <= held_out.high and held_out.low <= value.high)


def copies(train: Tensor, held_out: Tensor, fake: Tensor) -> dict[str, Any]:
    """Print and return the test for copies, as it stands, and at the best of twelve transpositions."""
    found = {}
    for what, some in {"as it stands": train, "transposed at will": transposed(train)}.items():
        result = memorisation(some, held_out, fake)
        by = result.distance
        print(
            f"copies, {what}: p = {result.p_value:.2g} ({'a copier' if result.is_copier else 'no copier'} at 0.001); a "
            f"sample is nearer to training windows than a held-out one with probability {by.nearer_than_held_out:.3f} "
            f"(fair: 0.5), {by.num_closest} of {result.num_fake:,} nearer than 99 % of {result.num_held_out:,} others",
            flush=True,
        )
        found[what] = {"p": result.p_value, "nearer": by.nearer_than_held_out, "closest": by.num_closest}
    return found


def transposed(windows: Tensor) -> Tensor:
    """Return features `[12 n, 832]` of windows in all keys."""
    classes, begins = sounding(windows), beginning(windows)
    return torch.cat([torch.cat([classes.roll(k, 2).flatten(1), begins], dim=1) for k in range(SEMITONES)])


def write(generator: Generator, folder: Path, name: str) -> None:
    """Write the first five samples of seed 0, which nobody chose, as MIDI, and a picture of them."""
    folder.mkdir(parents=True, exist_ok=True)
    kind, five = generator.modality, generator.sample(5, seed=0)
    forms: Mapping[str, Any] = {form.suffix: form for form in kind.forms}
    for number, one in enumerate(five, 1):
        (folder / f"{name}-{number}.mid").write_bytes(forms[".mid"].encode(one[None]))
    tiles = np.pad(kind.tiles(five, 128), ((0, 0), (0, 0), (0, 12), (0, 0)), constant_values=255)
    picture(np.concatenate(list(tiles), axis=1)).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
