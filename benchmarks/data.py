"""The data side in figures: preparation, batches, memory, and kills (issue D, lines 3, 4 and 5).

    python benchmarks/data.py preparation --data ../shared/datasets/cifar-10-train.zip
    python benchmarks/data.py batches
    python benchmarks/data.py memory --images 10000 1000000 10000000
    python benchmarks/data.py kill --kills 20

`preparation` turns the images of a folder or zip into 32×32 RGB by one process, by two, by a plain loop of Pillow that
reads, crops, resizes and keeps the array, and, where it is installed, by `datasets`' map with that same work; they take
turns. `batches` compares the time of a batch with that of a training step. `memory` trains on arrays of random
images whose files are sparse, in a process of its own each. `kill` interrupts preparations by SIGKILL at random moments
until they are done, and compares the fingerprint with that of an uninterrupted one.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from faussaire import prepare

TRAIN = """
import json, sys, time
began = time.monotonic()
from faussaire.runs.checkpoint import fresh_state
from faussaire.core.config import resolve
from faussaire.data import prepare
from faussaire.data.batches import Batches
from faussaire.modalities import modality
from faussaire.runs.plan import endless
from faussaire.training.trainer import Trainer

def memory():
    lines = open("/proc/self/status").read().splitlines()
    told = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return {name: int(kib) / 1024 for name, kib in told.items()}

config = resolve(None, {"data": sys.argv[1], "cache": sys.argv[2], "threads": 1})
data = prepare(config.data, **config.preparation())
batches = Batches(data.images, to_real=modality(data.spec.modality).to_real, batch_size=config.batch, seed=0)
batches.real(0)
first = time.monotonic() - began
trainer = Trainer(config, batches, fresh_state(config, data.spec), endless())
for step in range(int(sys.argv[3])):
    trainer.step()
print(json.dumps({"images": len(data.images), "first_batch_seconds": first, **memory()}))
"""
PREPARE = """
import json, sys, time
from faussaire import prepare
if __name__ == "__main__":
    began = time.monotonic()
    data = prepare(sys.argv[1], cache=sys.argv[2])
    lines = open("/proc/self/status").read().splitlines()
    peak = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    print(json.dumps({"seconds": time.monotonic() - began, "VmHWM": peak, "fingerprint": data.fingerprint}))
"""


def python(program: str, *arguments: object) -> dict[str, float]:
    """Run a program in a process of its own and return what it tells."""
    out = subprocess.check_output([sys.executable, "-c", program, *map(str, arguments)])
    told: dict[str, float] = json.loads(out)
    return told


def told(name: str, seconds: Sequence[float], num_images: int) -> None:
    """Print one line of images per second."""
    speeds = [num_images / s for s in seconds]
    spread = f"{min(speeds):,.0f} to {max(speeds):,.0f}, n={len(speeds)}"
    print(f"{name:28} {statistics.median(speeds):8,.0f} images/s, {spread}")


def contents(data: Path) -> list[Callable[[], bytes]]:
    """Return what reads each image of a folder or zip."""
    if data.is_dir():
        return [path.read_bytes for path in sorted(data.rglob("*.*")) if path.is_file()]
    archive = zipfile.ZipFile(data)
    names = [name for name in archive.namelist() if name.lower().endswith((".jpg", ".jpeg", ".png"))]
    return [lambda name=name: archive.read(name) for name in names]  # type: ignore[misc]


def square(data: bytes) -> np.ndarray:
    """Do with one image what a preparation does, and no more."""
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (64, 64))  # a JPEG is scaled down while it is decoded
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((32, 32), Image.Resampling.LANCZOS)
    return np.asarray(image).transpose(2, 0, 1)


def plain_loop(readers: Sequence[Callable[[], bytes]]) -> None:
    """Prepare by a loop as one would write it down."""
    kept = np.empty((len(readers), 3, 32, 32), np.uint8)
    for row, read in zip(kept, readers, strict=True):
        row[:] = square(read())


def by_datasets(readers: Sequence[Callable[[], bytes]], scratch: Path, processes: int) -> float:
    """Prepare by `datasets`' map, and return the seconds that the map took; it begins with all files in memory."""
    import datasets

    datasets.disable_progress_bars()
    made = datasets.Dataset.from_dict({"data": [read() for read in readers]})
    began = time.monotonic()
    made.map(
        lambda row: {"pixels": square(row["data"]).reshape(-1)},
        num_proc=processes if processes > 1 else None,
        remove_columns=["data"],
        cache_file_name=str(scratch / "mapped.arrow"),
    )
    return time.monotonic() - began


def preparation(arguments: argparse.Namespace) -> None:
    """Print images per second of each way."""
    found: dict[str, list[float]] = {"one process": [], "two processes": [], "plain loop of Pillow": []}
    readers = contents(arguments.data)
    for _ in range(arguments.rounds):
        for name, workers in (("one process", 1), ("two processes", 2)):
            with tempfile.TemporaryDirectory() as scratch:
                began = time.monotonic()
                prepare(arguments.data, resolution=32, channels=3, fit="crop", cache=scratch, workers=workers)
                found[name].append(time.monotonic() - began)
        began = time.monotonic()
        plain_loop(contents(arguments.data))
        found["plain loop of Pillow"].append(time.monotonic() - began)
        for name, processes in (("datasets' map, one", 1), ("datasets' map, two", 2)) if arguments.datasets else ():
            with tempfile.TemporaryDirectory() as scratch:
                found.setdefault(name, []).append(by_datasets(readers, Path(scratch), processes))
    for name, seconds in found.items():
        told(name, seconds, len(readers))
    one, two = (statistics.median(found[name]) for name in ("one process", "two processes"))
    print(f"two processes are {one / two:.2f} times as fast as one")


def batches(arguments: argparse.Namespace) -> None:
    """Print the milliseconds of a batch and of a training step on the embedded MNIST."""
    from faussaire.core.config import resolve
    from faussaire.data.batches import Batches
    from faussaire.modalities import modality
    from faussaire.runs.checkpoint import fresh_state
    from faussaire.runs.plan import endless
    from faussaire.training.trainer import Trainer

    data, config = prepare("mnist"), resolve(None, {"data": "mnist"})
    source = Batches(data.images, to_real=modality(data.spec.modality).to_real, batch_size=config.batch, seed=0)
    trainer = Trainer(config, source, fresh_state(config, data.spec), endless())
    for name, work in (("batch", lambda: source.real(trainer.state.nimg)), ("step", trainer.step)):
        times = []
        for _ in range(arguments.steps):
            began = time.perf_counter()
            work()
            times.append(1000 * (time.perf_counter() - began))
        print(f"{name}: median {statistics.median(times):.2f} ms, n={len(times)}")


def memory(arguments: argparse.Namespace) -> None:
    """Print the memory of a training on synthetic sets of each size, and of their preparation."""
    for count in arguments.images:
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
            path = Path(scratch) / "synthetic.npy"
            array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, 1, 32, 32))
            generator = np.random.default_rng(0)
            for start in range(0, count, max(1, count // 1000)):  # the rest stays a hole in the file
                array[start] = generator.integers(0, 256, (1, 32, 32), np.uint8)
            del array
            prepared = python(PREPARE, path, Path(scratch) / "cache")
            trained = python(TRAIN, path, Path(scratch) / "cache", arguments.steps)
        print(
            f"{count:>10,} images: prepared in {prepared['seconds']:.0f} s with at most {prepared['VmHWM']:.0f} MiB; "
            f"first batch after {trained['first_batch_seconds']:.2f} s; {trained['VmRSS']:.0f} MiB after "
            f"{arguments.steps} steps, at most {trained['VmHWM']:.0f} MiB",
            flush=True,
        )


def kill(arguments: argparse.Namespace) -> None:
    """Print whether interrupted preparations end with the fingerprint of an uninterrupted one."""
    moments = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        whole = python(PREPARE, arguments.data, scratch / "whole")
        print(f"uninterrupted: {whole['seconds']:.1f} s")
        kills = same = runs = 0
        while kills < arguments.kills:
            cache = scratch / f"killed-{runs}"
            runs += 1
            while kills < arguments.kills:
                command = [sys.executable, "-c", PREPARE, str(arguments.data), str(cache)]
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
                try:
                    process.wait(moments.uniform(0.2, whole["seconds"]))
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
            same += python(PREPARE, arguments.data, cache)["fingerprint"] == whole["fingerprint"]
            shutil.rmtree(cache)
        print(f"{kills} kills in {runs} preparations, of which {same} end with the same fingerprint")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("preparation", "batches", "memory", "kill"))
    parser.add_argument("--data", type=Path, default=Path("../shared/datasets/cifar-10-train.zip"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--datasets", action="store_true", help="compare with datasets' map, too")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--scratch", type=Path, help="folder for the synthetic files")
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    {"preparation": preparation, "batches": batches, "memory": memory, "kill": kill}[arguments.what](arguments)


if __name__ == "__main__":
    main()
