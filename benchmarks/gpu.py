"""The step of training on a GPU: recorded and played back against as it comes, and what share of the card it takes.

    python benchmarks/gpu.py --out FOLDER

On noise, for each pair of networks, width, batch and precision of CASES: images a second of both ways, alternated; the
greatest difference between the weights of the two after the same steps; FLOP/s (counted by `faussaire plan`'s counter)
as a share of what a large bf16 product reaches on the same card; and how much of the time the card computes at all (by
its own profiler). Rows go to FOLDER/gpu.jsonl.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from _runs import append, out_folder
from faussaire.core.captured import AtOnce
from faussaire.core.config import Config, resolve
from faussaire.core.devices import choose, use_tensor_cores, wait_for
from faussaire.core.rng import numpy_generator_for
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec, modality
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.planning import work_of
from faussaire.training.trainer import Trainer

CASES = (
    ("dense", 28, 1, None, 100),
    ("conv", 28, 1, None, 100),
    ("lean", 28, 1, 8, 64),
    ("lean", 28, 1, 32, 64),
    ("lean", 32, 3, 32, 64),
    ("lean", 32, 3, 32, 256),
    ("lean", 32, 3, 64, 256),
    ("lean", 32, 3, 64, 512),
    ("hybrid", 32, 3, 64, 512),
    ("lean", 64, 3, 32, 64),
    ("lean", 64, 3, 64, 256),
    ("lean", 128, 3, 32, 64),
)
"""Architecture, side, channels, width, batch."""

SIDE = 8192
"""Of the matrices whose product shows what the card can do."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=0.6, help="of each timing, of which there are three a way")
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), metavar="N", help="of CASES")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new temporary one if not given")
    options = parser.parse_args()
    device = choose(options.device).device
    out = out_folder(options.out, "gpu")
    peak = product_flops(device)
    print(f"{choose(options.device).reason}; torch {torch.__version__}; bf16 products {peak / 1e12:.0f} TFLOP/s")
    for number in options.cases:
        for precision in ("tf32", "bf16") if CASES[number][3] else (None,):
            row = {"peak": peak, **measure(CASES[number], precision, device, options.seconds, peak)}
            append(out / "gpu.jsonl", row)
            print(row["text"], flush=True)


def measure(case: tuple[Any, ...], precision: str | None, device: torch.device, seconds: float, peak: float) -> dict:
    """Measure one case by one precision."""
    architecture, side, channels, width, batch = case
    settings = {"architecture": architecture, "width": width, "batch_size": batch, "precision": precision}
    config = resolve(None, {"data": "noise", **{name: value for name, value in settings.items() if value is not None}})
    spec = SampleSpec(modality="image", shape=(channels, side, side))
    use_tensor_cores(device, precision)
    recorded, at_once = (trainer_of(config, spec, device) for _ in range(2))
    at_once.compute = AtOnce()
    for trainer in (recorded, at_once):
        for _ in range(20):
            trainer.step()
    wait_for(device)
    pairs = zip(recorded.state.weights().items(), at_once.state.weights().values(), strict=True)
    apart = max(float((one - other).abs().max()) for (_, one), other in pairs)
    speeds: dict[str, list[float]] = {"recorded": [], "at_once": []}
    for _ in range(3):
        speeds["recorded"].append(images_a_second(recorded, seconds))
        speeds["at_once"].append(images_a_second(at_once, seconds))
    fast, slow = (statistics.median(speeds[name]) for name in ("recorded", "at_once"))
    work = work_of(config, spec)
    share, busy = fast * work.flops_per_image / peak, busy_share(recorded)
    text = (
        f"{architecture:6} {side}x{side}x{channels} w{width} b{batch} {precision}: {fast:,.0f} images/s recorded, "
        f"{slow:,.0f} at once ({fast / slow:.2f}); {share:.1%} of the peak; busy {busy:.0%}; "
        f"{work.operations:.0f} operations; apart {apart:.1e}"
    )
    return {"case": case, "precision": precision, **speeds, "share": share, "busy": busy, "apart": apart, "text": text}


def trainer_of(config: Config, spec: SampleSpec, device: torch.device) -> Trainer:
    """Return a trainer on 4,096 noises, which lie on the card as bytes."""
    noise = numpy_generator_for(0, "noise").integers(0, 256, (4096, *spec.shape)).astype(np.uint8)
    batches = Batches(
        noise, to_real=modality("image").to_real, batch_size=config.batch, seed=0, device=device, is_resident=True
    )
    return Trainer(config, batches, fresh_state(config, spec, device), endless())


def images_a_second(trainer: Trainer, seconds: float) -> float:
    """Train for some seconds."""
    wait_for(trainer.device)
    began, before = time.perf_counter(), trainer.state.nimg
    while time.perf_counter() - began < seconds:
        for _ in range(8):
            trainer.step()
        wait_for(trainer.device)
    return (trainer.state.nimg - before) / (time.perf_counter() - began)


def busy_share(trainer: Trainer, steps: int = 16) -> float:
    """Return the share of the time in which the card computes, by its profiler."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA], acc_events=True) as profiler:
        wait_for(trainer.device)
        began = time.perf_counter()
        for _ in range(steps):
            trainer.step()
        wait_for(trainer.device)
        took = time.perf_counter() - began
    computed = sum(event.self_device_time_total for event in profiler.key_averages()) * 1e-6
    return computed / took


def product_flops(device: torch.device) -> float:
    """Return the FLOP/s of a large product in bf16."""
    a, b = (torch.randn(SIDE, SIDE, device=device, dtype=torch.bfloat16) for _ in range(2))
    took = []
    for _ in range(13):
        wait_for(device)
        began = time.perf_counter()
        a @ b
        wait_for(device)
        took.append(time.perf_counter() - began)
    return 2 * SIDE**3 / statistics.median(took[3:])


if __name__ == "__main__":
    main()
