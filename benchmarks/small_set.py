"""200 images of one class only: does the default collapse in ten minutes, and how much does it copy? (issue C, line 5)

    python benchmarks/small_set.py --minutes 10 --out FOLDER

200 random training images of one class of Fashion-MNIST, as PNG files in a folder; the default trains on them. 2,000
samples are then held against the test images of that class, which nothing trained on: how widely they are spread, how
good and how complete they are (features of benchmarks/_judge.py), and, in two spaces of features, whether they are
nearer to the 200 than new images are (evaluation.memorisation). The run's own verdicts are quoted. The closest
pairs go to a picture, each sample to the left of its nearest training image. Rows go to FOLDER/small-set.jsonl.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from _datasets import ImageSet, add_sets_flag, load
from _judge import Judge, as_real, judge_of
from _runs import append, beside, last_stats, must, out_folder, samples_of, shown, train, write_grid
from faussaire.core.intervals import wilson
from faussaire.core.rng import numpy_generator_for
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.memorisation import memorisation
from faussaire.evaluation.metrics.diversity import diversity
from faussaire.evaluation.metrics.precision_recall import precision_recall

SAMPLES = 2_000


def choose(data: ImageSet, label: int, images: int) -> np.ndarray:
    """Return random training images of one class, uint8 `[images, 1, H, W]`."""
    here = np.flatnonzero(data.train_labels == label)
    return data.train[numpy_generator_for(0, "small set", label).permutation(here)[:images]]


def write_folder(images: np.ndarray, folder: Path) -> Path:
    """Write uint8 images `[N, 1, H, W]` as PNG files into a folder of their own."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image[0]).save(folder / f"{i:04}.png")
    return folder


def spread(judge: Judge, real: np.ndarray, few: np.ndarray, fake: np.ndarray) -> dict[str, list[float]]:
    """Print and return what the judge's features say; of the 200 themselves, too, as the mark to reach."""
    test, found = judge.features(real), {}
    for name, images in (("the training images", few), ("samples", fake)):
        features = judge.features(images)
        varied, (precision, recall) = diversity(test, features), precision_recall(test, features)
        print(
            f"{name}, n={len(images):,} against n={len(real):,} test images: diversity {shown(varied)}, "
            f"precision {shown(precision)}, recall {shown(recall)}"
        )
        for figure, e in (("diversity", varied), ("precision", precision), ("recall", recall)):
            found[f"{figure} of {name}"] = [e.value, e.low, e.high]
    return found


def copies(judge: Judge, real: np.ndarray, few: np.ndarray, fake: np.ndarray, picture: Path) -> dict[str, Any]:
    """Print and return the test for copies in both spaces; write the closest pairs of pixels."""
    pixels, found = EXTRACTORS["pixels-dct"](), {}
    for name, extract in (("pixels-dct", lambda x: pixels(as_real(x))), ("judge-128", judge.features)):
        result = memorisation(extract(few), extract(real), extract(fake))
        by = result.distance
        closest = wilson(by.num_closest, result.num_fake)
        print(
            f"copies by {name}: p = {result.p_value:.2g} ({'a copier' if result.is_copier else 'no copier'} at 0.001); "
            f"a sample is nearer to the {result.num_train} than a new image with probability "
            f"{by.nearer_than_held_out:.3f} (fair: 0.5); {shown(closest)} of n={result.num_fake:,} are nearer "
            f"than 99 % of n={result.num_held_out:,} new images (fair: 0.01)"
        )
        found[name] = {"p": result.p_value, "nearer": by.nearer_than_held_out, "closest": by.num_closest}
        if name == "pixels-dct":
            pairs = [np.concatenate([fake[i], few[j]], axis=2) for i, j, _ in result.pairs]
            write_grid(picture, np.stack(pairs))
    return found


def verdicts(run: Path) -> list[str]:
    """Return every verdict that the run came to, in order, with the images seen at that moment."""
    events = [json.loads(line) for line in (run / "events.jsonl").read_text("utf-8").splitlines()]
    return [f"{e['nimg']:,}: {e['data']['name']}" for e in events if e["kind"] == "verdict"]


def play(data: ImageSet, judge: Judge, out: Path, options: argparse.Namespace, seed: int) -> None:
    """Train once and measure."""
    few = choose(data, options.label, options.images)
    folder = write_folder(few, out / f"{data.name}-{options.label}-{options.images}")
    run = out / f"small-{options.label}-{options.images}-{options.minutes:g}min-seed{seed}"
    finished = must(train(folder, run, "--minutes", f"{options.minutes:g}", "--seed", str(seed)))
    stats, fake = last_stats(run), samples_of(run, SAMPLES)
    real = data.test[data.test_labels == options.label]
    write_grid(beside(run, ".png"), fake)
    write_grid(out / f"{folder.name}-reals.png", few)
    print(
        f"\n{len(few)} images of {data.classes[options.label]}, seed {seed}: {stats['nimg']:,} images seen in "
        f"{finished.seconds:.1f} s"
    )
    row = spread(judge, real, few, fake) | copies(judge, real, few, fake, beside(run, "-pairs.png"))
    print(f"verdicts along the way: {'; '.join(verdicts(run)) or 'none'}")
    print(f"last verdict: {stats['data']['verdict_text']}", flush=True)
    facts = {"seed": seed, "minutes": options.minutes, "class": options.label, "images": len(few), "n": len(fake)}
    facts |= {"nimg": stats["nimg"], "seconds": finished.seconds, "verdict": stats["data"]["verdict"]}
    append(out / "small-set.jsonl", facts | row)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_sets_flag(parser)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--class", dest="label", type=int, default=9, help="label of the class [9: Ankle boot]")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new temporary one if not given")
    options = parser.parse_args()
    data = load(options.sets, "fashion-mnist")
    out = out_folder(options.out, "small-set")
    judge = judge_of(data)
    for seed in options.seeds:
        play(data, judge, out, options, seed)


if __name__ == "__main__":
    main()
