"""How long it takes from the start of Python to a picture: an exported generator beside torch, each in a new process.

    python benchmarks/cold_start.py [RUN]

Without RUN, an untrained generator of 64 pixels in colour and width 16 is timed: weights cost no time by their values.
Printed are the median and both extremes of ten starts, on the wall and on the processor, the first one of each left out
(it reads files that no cache has yet).
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faussaire.generation.export import export
from faussaire.generation.generator import Generator
from faussaire.generation.saved import write_copy
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import build_generator

STARTS = 10
PROGRAM = """
import sys
from pathlib import Path
import faussaire
generator = faussaire.Generator.load(sys.argv[1])
Path(sys.argv[2]).write_bytes(generator.modality.png(generator.sample(1)))
"""


def untrained(folder: Path) -> Path:
    """Write a generator of the usual size."""
    spec = SampleSpec(modality="image", shape=(3, 64, 64))
    G = build_generator("hybrid", spec, z_dim=100, seed=0, width=16)
    folder.mkdir()
    write_copy(Generator(G, spec, z_dim=100, name="untrained", nimg=0, architecture="hybrid", width=16), folder)
    return folder


def seconds_of_a_start(generator: Path, picture: Path) -> tuple[float, float]:
    """Return how long one process took, on the wall and on the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", PROGRAM, str(generator), str(picture)], check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Time both."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = Path(sys.argv[1]) if len(sys.argv) > 1 else untrained(folder / "untrained")
        model, _ = export(run, "onnx", folder / "model.onnx")
        print(f"{STARTS} starts each; {os.cpu_count()} cores; import, load, one PNG")
        for name, generator in (("ONNX Runtime", model), ("torch", run)):
            times = [seconds_of_a_start(generator, folder / "sample.png") for _ in range(STARTS + 1)][1:]
            for what, values in zip(("wall", "processor"), zip(*times, strict=True), strict=True):
                low, middle, high = min(values), statistics.median(values), max(values)
                print(f"{name:13} {what:10} {middle:.2f} s [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    main()
