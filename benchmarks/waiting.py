"""Shall OpenMP's threads spin or sleep while they wait? Images per second, alone and beside a busy process.

    python benchmarks/waiting.py

Each policy takes its turn in a process of its own (OpenMP reads it once), several rounds, with and without a second
process that multiplies matrices on one thread. The trainer is the default one on the embedded MNIST.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

STEPS = """
import sys, time, torch
from faussaire.runs.checkpoint import fresh_state
from faussaire.core.config import resolve
from faussaire.core.moments import Moments
from faussaire.data import prepare
from faussaire.data.batches import Batches
from faussaire.modalities import modality
from faussaire.runs.plan import endless
from faussaire.training.trainer import Trainer
torch.set_num_threads({threads})
data, config = prepare("mnist"), resolve(None, {{"data": "mnist", "architecture": "{architecture}"}})
batches = Batches(data.images, to_real=modality(data.spec.modality).to_real, batch_size=config.batch, seed=0)
trainer = Trainer(config, batches, fresh_state(config, data.spec), endless())
for _ in range(5):
    trainer.step()
moments, before, began = Moments(), trainer.state.nimg, time.monotonic()
while time.monotonic() - began < {seconds}:
    for values in trainer.step().values:
        moments.add(values)
    moments.read()
print((trainer.state.nimg - before) / (time.monotonic() - began))
"""
BUSY = "import torch; torch.set_num_threads(1); a = torch.rand(500, 500)\nwhile True: a = (a @ a).tanh()"
POLICIES = (("ACTIVE", 2), ("PASSIVE", 2), ("PASSIVE", 1))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--architecture", default="hybrid")
    arguments = parser.parse_args()
    for busy in (False, True):
        other = subprocess.Popen([sys.executable, "-c", BUSY]) if busy else None
        time.sleep(3 if busy else 0)
        found: dict[tuple[str, int], list[float]] = {policy: [] for policy in POLICIES}
        try:
            for _ in range(arguments.rounds):
                for policy, threads in POLICIES:
                    program = STEPS.format(
                        threads=threads, seconds=arguments.seconds, architecture=arguments.architecture
                    )
                    environment = os.environ | {"OMP_WAIT_POLICY": policy}
                    out = subprocess.check_output([sys.executable, "-c", program], env=environment)
                    found[policy, threads].append(float(out))
        finally:
            if other is not None:
                other.kill()
        for (policy, threads), speeds in found.items():
            where = "beside a busy process" if busy else "alone"
            print(
                f"{where:21} {policy:7} on {threads}: median {statistics.median(speeds):5.0f} images/s, "
                f"{min(speeds):.0f} to {max(speeds):.0f}, n={len(speeds)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
