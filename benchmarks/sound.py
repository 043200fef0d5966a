"""Spoken digits, heard by somebody else: `python benchmarks/sound.py [RECORDINGS] [--minutes 10] [--run DIR]`.

Trains by the default recipe on recordings (a zip or folder of `{class}_{speaker}_{number}.wav`,
../shared/datasets/spoken-digits.zip if none is given), and has 1,000 samples, as many of each class, recognised from
their sound by a network that took no part: it has learnt from all recordings but those held out for it, by spectra of
its own making, and reaches 95 % or more on these. Prints the share of each class with Wilson's interval, and writes ten
WAVs of each class and their spectra. `--run DIR` judges a run that is there.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn
from torch.nn import functional

import faussaire
from faussaire.core.intervals import Estimate, wilson
from faussaire.core.rng import generator_for, numpy_generator_for
from faussaire.generation.generator import Generator
from faussaire.modalities.pictures import grid, picture, save

RECORDINGS = Path("../shared/datasets/spoken-digits.zip")
RATE = 8_000
HELD_OUT, LEAST_ACCURACY = 0.2, 0.95
NUM_SAMPLES, LEAST_SHARE, LEAST_OF_A_CLASS = 1_000, 0.85, 0.6
EPOCHS, BATCH_SIZE, PEAK_RATE = 45, 64, 4e-3
SHOWN = 10

Recording = tuple[str, np.ndarray]
"""Class and wave float32 [T]."""


def told(share: Estimate) -> str:
    """Return a share with its interval in words."""
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"


def recordings(path: Path) -> list[Recording]:
    """Read every recording at 8 kHz, in the order of their names."""
    if path.is_dir():
        files = {file.name: file.read_bytes() for file in path.rglob("*.wav")}
    else:
        with zipfile.ZipFile(path) as archive:
            files = {Path(name).name: archive.read(name) for name in archive.namelist() if name.endswith(".wav")}
    found = []
    for name, data in sorted(files.items()):
        wave, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
        if rate != RATE:
            raise SystemExit(f"{name} has {rate} samples a second; this benchmark hears {RATE}")
        found.append((name.split("_")[0], wave.mean(1)))
    return found


def heard(waves: list[np.ndarray]) -> Tensor:
    """Return what the recogniser sees of waves `[T]`: `[N, 1, 32, 40]`, a second of log magnitudes, linear in pitch."""
    window, seen = torch.hann_window(256), []
    for wave in waves:
        x = torch.from_numpy(wave / max(float(np.abs(wave).max()), 1e-9))
        loud = torch.nonzero(x.abs() > 0.03).flatten()
        if len(loud):
            x = x[max(0, int(loud[0]) - 200) : int(loud[-1]) + 200]
        x = functional.pad(x[:RATE], (0, max(0, RATE - len(x))))
        magnitudes = torch.stft(x, 256, 100, window=window, return_complex=True).abs()[:128, :80]
        logs = torch.log(magnitudes / magnitudes.max().clamp_min(1e-9) + 1e-3) / 3.5 + 1
        seen.append(functional.avg_pool2d(logs[None, None], (4, 2))[0])
    return torch.stack(seen)


def network(num_classes: int) -> nn.Sequential:
    """Build the recogniser: three convolutions and one dense layer."""
    layers: list[nn.Module] = []
    before = 1
    for width in (16, 32, 64):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        before = width
    made = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 4 * 5, num_classes))
    for layer in made:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, generator=generator_for(0, "recogniser", len(layer.weight)))
    return made


def trained(seen: Tensor, labels: Tensor, num_classes: int) -> nn.Sequential:
    """Train the recogniser on `[N, 1, 32, 40]`: moved a little, in noise, with bands and columns missing."""
    made, random = network(num_classes), numpy_generator_for(0, "recogniser")
    optimizer = torch.optim.AdamW(made.parameters(), weight_decay=1e-2)
    steps = EPOCHS * (len(seen) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps)
    for step in range(steps):
        place = step % (len(seen) // BATCH_SIZE)
        if place == 0:
            order = torch.from_numpy(random.permutation(len(seen)))
        batch = order[place * BATCH_SIZE : (place + 1) * BATCH_SIZE]
        x = torch.roll(seen[batch], (int(random.integers(-1, 2)), int(random.integers(-3, 4))), (2, 3))
        noise = torch.from_numpy(random.standard_normal(x.shape).astype(np.float32))
        x = x + 0.15 * float(random.uniform()) * noise
        band, column = int(random.integers(0, 29)), int(random.integers(0, 35))
        x[:, :, band : band + 3] = 0
        x[..., column : column + 5] = 0
        loss = functional.cross_entropy(made(x), labels[batch], label_smoothing=0.02)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    return made.eval()


def recogniser(found: list[Recording], classes: list[str]) -> nn.Sequential:
    """Train the recogniser, say how good it is, and end the program where that is not enough."""
    seen, labels = heard([wave for _, wave in found]), torch.tensor([classes.index(name) for name, _ in found])
    order = torch.from_numpy(numpy_generator_for(0, "recogniser held out").permutation(len(found)))
    num = round(HELD_OUT * len(found))
    made = trained(seen[order[num:]], labels[order[num:]], len(classes))
    with torch.no_grad():
        right = int((made(seen[order[:num]]).argmax(1) == labels[order[:num]]).sum())
    print(f"recogniser: {told(wilson(right, num))} of {num} recordings that it has not learnt from")
    if right < LEAST_ACCURACY * num:
        raise SystemExit(f"that is under {LEAST_ACCURACY:.0%}: it cannot judge")
    return made


def judge(generator: Generator, made: nn.Sequential, classes: list[str], out: Path) -> bool:
    """Print the shares of samples that are recognised, write some, and return whether all are as they shall be."""
    kind, each, right, tiles = generator.modality, NUM_SAMPLES // len(classes), [], []
    out.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(classes):
        arrays = generator.sample(each, seed=number, label=name)
        waves = kind.waves(arrays)  # type: ignore[attr-defined]
        with torch.no_grad():
            right.append(int((made(heard(list(waves))).argmax(1) == number).sum()))
        print(f"{name}: {told(wilson(right[-1], each))} of {each}")
        tiles.append(arrays[:SHOWN])
        for i in range(SHOWN):
            (out / f"{name}_{i}.wav").write_bytes(kind.forms[0].encode(arrays[i : i + 1]))
    save(picture(grid(np.concatenate(tiles), columns=SHOWN)), out / "spectra.png")
    share = wilson(sum(right), each * len(classes))
    print(f"all: {told(share)} of {each * len(classes)} at {generator.nimg:,} sounds shown; ten of each class in {out}")
    return share.value >= LEAST_SHARE and min(right) >= LEAST_OF_A_CLASS * each


def main() -> int:
    """Measure, and return 0 where acceptance is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="?", type=Path, default=RECORDINGS)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--out", type=Path, default=Path("spoken-digits"))
    arguments = parser.parse_args()
    if not arguments.recordings.exists():
        print(f"skipped: {arguments.recordings} is not here")
        return 0
    found = recordings(arguments.recordings)
    classes = sorted({name for name, _ in found})
    with tempfile.TemporaryDirectory() as scratch:
        run = arguments.run
        if run is None:
            run = faussaire.train(arguments.recordings, run=Path(scratch) / "run", minutes=arguments.minutes).path
        return 0 if judge(Generator.load(run), recogniser(found, classes), classes, arguments.out) else 1


if __name__ == "__main__":
    raise SystemExit(main())
