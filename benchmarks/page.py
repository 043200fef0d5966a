"""How quick is an exported page, how large, and how near to torch? (issue J, acceptance lines 1 and 2)

    python benchmarks/page.py [RUN ...] [--opens 5]

Without RUN it exports untrained generators of each image architecture: 28×28 grey and 32×32 colour at width 16, 64×64
colour. Each page is opened from a file:// address in headless Chromium with the network off, in a new context every
time. Printed are its size, the milliseconds from opening to the first picture (median and worst), pictures a second of
the wall (one worker), the same without WebAssembly, and the largest difference of a pixel from torch's on 64 seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright
from safetensors.torch import save_file

from faussaire.generation.export import export
from faussaire.generation.generator import Generator
from faussaire.generation.saved import DESCRIPTION, GENERATOR_TENSORS, description
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import build_generator

SEEDS = 64
Z_DIM = 100
CASES = [
    *(("hybrid", shape, 16) for shape in ((1, 28, 28), (3, 32, 32), (3, 64, 64))),
    ("hybrid", (3, 64, 64), 32),
    *((name, shape, None) for name in ("dense", "conv", "lean") for shape in ((1, 28, 28), (3, 64, 64))),
]
NO_KERNEL = "Worker = undefined; WebAssembly.Module = class { constructor() { throw new Error('switched off') } }"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
DRAW = """async (count) => {
  const out = [];
  for (let seed = 0; seed < count; seed++) out.push([...(await faussaire.sample(seed))]);
  return out;
}"""


def untrained(folder: Path, name: str, shape: tuple[int, ...], width: int | None) -> Path:
    """Write the generator of an architecture as it begins."""
    spec = SampleSpec(modality="image", shape=shape)
    module = build_generator(name, spec, z_dim=Z_DIM, seed=0, width=width)
    generator = Generator(module, spec, z_dim=Z_DIM, name=name, nimg=0, architecture=name, width=width)
    folder.mkdir(parents=True)
    (folder / DESCRIPTION).write_text(json.dumps(description(generator)))
    save_file(module.state_dict(), folder / GENERATOR_TENSORS, metadata={"nimg": "0"})
    return folder


def processor_seconds() -> float:
    """Return the processor time of the Chromium that this process has begun, and of all that it has."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            stats[path.parent.name] = path.read_text().rpartition(") ")[2].split()
    family = {str(os.getpid())}
    while more := {pid for pid, stat in stats.items() if stat[1] in family} - family:
        family |= more
    ticks = sum(int(stats[pid][11]) + int(stats[pid][12]) for pid in family - {str(os.getpid())} if pid in stats)
    return ticks / os.sysconf("SC_CLK_TCK")


def opened(browser: Any, path: Path, *, kernel: bool = True) -> Any:
    """Open a page in a context of its own, and wait for its first picture."""
    context = browser.new_context(offline=True)
    if not kernel:
        context.add_init_script(NO_KERNEL)
    page = context.new_page()
    page.goto(f"file://{path}")
    page.wait_for_selector("body.ready", timeout=120_000)
    return page


def rate(browser: Any, path: Path, *, kernel: bool = True) -> str:
    """Say the pictures a second of the second wall: in the first the browser still compiles."""
    page = opened(browser, path, kernel=kernel)
    for _ in range(2):
        before = processor_seconds()
        page.evaluate("delete document.getElementById('wall').dataset.rate")
        page.click("#fill")
        page.wait_for_selector("#wall[data-rate]", timeout=600_000)
    found = float(page.get_attribute("#wall", "data-rate"))
    count = page.evaluate("wall.count")
    seconds = processor_seconds() - before
    page.context.close()
    return f"{found:.0f} pictures/s ({count / seconds:.0f} a processor second)"


def differences(browser: Any, path: Path, folder: Path) -> tuple[int, int]:
    """Return by how much a pixel differs from torch's at most on 64 seeds, of 255: in the page, and by ONNX Runtime."""
    generator = Generator.load(folder)
    page = opened(browser, path)
    made = np.array(page.evaluate(DRAW, SEEDS)).reshape(SEEDS, *generator.spec.shape)
    page.context.close()
    there = np.rint(made.clip(-1, 1) * 127.5 + 127.5).transpose(0, 2, 3, 1)
    runtime = Generator.load(export(folder, "onnx", path.with_suffix(".onnx"))[0])
    ours, theirs = (
        np.concatenate([one.sample(1, seed=seed) for seed in range(SEEDS)]).astype(int) for one in (generator, runtime)
    )
    return int(np.abs(there - ours).max()), int(np.abs(theirs - ours).max())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--opens", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        folders = {str(run): run for run in arguments.runs} or {
            f"{name} {'x'.join(map(str, shape))} width {width}": untrained(Path(scratch) / str(i), name, shape, width)
            for i, (name, shape, width) in enumerate(CASES)
        }
        for title, folder in folders.items():
            path, _ = export(folder, "page", Path(scratch) / "page.html")
            firsts, before = [], processor_seconds()
            for _ in range(arguments.opens):
                page = opened(browser, path)
                firsts.append(float(page.evaluate("document.body.dataset.first")))
                page.context.close()
            each = 1000 * (processor_seconds() - before) / arguments.opens
            page_off, runtime_off = differences(browser, path, folder)
            print(
                f"{title}: {path.stat().st_size / 1e6:.2f} MB, first picture after {statistics.median(firsts):.0f} ms "
                f"(worst of {len(firsts)}: {max(firsts):.0f}; {each:.0f} of processor time), {rate(browser, path)}; "
                f"in plain JavaScript {rate(browser, path, kernel=False)}; "
                f"at most {page_off} of 255 from torch on {SEEDS} seeds, ONNX Runtime {runtime_off}",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
