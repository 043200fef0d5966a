"""A refactor keeps the loss traces: what training computes is frozen here, and changes only on purpose.

On the machine that froze them the traces are the same to the last bit; the tolerance is for other processors, whose
sums are in another order: wider in bf16, whose numbers have eight bits. To freeze anew after a deliberate change:
`python tests/test_golden.py`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import torch

from faussaire.training.trainer import Trainer
from toy import WAYS_TO_TRAIN, image_trainer, measured, toy_trainer

GOLDEN = Path(__file__).parent / "golden" / "losses.json"
CASES = {
    "dense-bce": {"loss": "bce", "penalties": ["none"], "beta1": 0.9, "beta2": 0.999},
    "dense-relativistic-r1-r2": {"penalty_every": 2},
    "dense-wasserstein-gp": {"loss": "wasserstein", "penalties": ["wgan_gp"], "gamma": 10.0, "penalty_every": 1},
}


def trace(trainer: Trainer, steps: int = 6) -> list[list[float]]:
    """Return the losses of D and G over a few steps."""
    losses = []
    for _ in range(steps):
        read = measured(*trainer.step().values)
        losses.append([read["loss_D"]["mean"], read["loss_G"]["mean"]])
    return losses


def traced(folder: Path, case: str) -> list[list[float]]:
    """Return the losses of one of CASES or of WAYS_TO_TRAIN."""
    if case in CASES:
        return trace(toy_trainer(folder, **CASES[case]))
    return trace(image_trainer(folder, lr=1e-4, **WAYS_TO_TRAIN[case]), steps=4)


@pytest.mark.parametrize("case", [*CASES, *WAYS_TO_TRAIN])
def test_the_losses_are_those_that_were_frozen(tmp_path: Path, case: str) -> None:
    expected = json.loads(GOLDEN.read_text())[case]
    tolerance = {"rel": 5e-3} if "bf16" in case else {"rel": 1e-4, "abs": 1e-5} if case in CASES else {"rel": 5e-4}
    for step, (found, frozen) in enumerate(zip(traced(tmp_path / "run", case), expected, strict=True)):
        assert found == pytest.approx(frozen, **tolerance), f"step {step}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        frozen = {case: traced(Path(scratch) / case, case) for case in [*CASES, *WAYS_TO_TRAIN]}
    GOLDEN.write_text(json.dumps(frozen, indent=1) + "\n")
