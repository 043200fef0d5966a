"""A refactor keeps the loss traces: what training computes is frozen here, and changes only on purpose.

On the machine that froze them the traces are the same to the last bit; the tolerance is for other processors, whose
sums are in another order. To freeze anew after a deliberate change: `python tests/test_golden.py`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden" / "losses.json"
CASES = {
    "dense-bce": {"loss": "bce", "penalties": ["none"], "beta1": 0.9, "beta2": 0.999},
    "dense-relativistic-r1-r2": {"penalty_every": 2},
    "dense-wasserstein-gp": {"loss": "wasserstein", "penalties": ["wgan_gp"], "gamma": 10.0, "penalty_every": 1},
}


def trace(folder: Path, settings: dict[str, object]) -> list[list[float]]:
    """Return the losses of D and G over six steps."""
    from toy import toy_trainer

    trainer = toy_trainer(folder, **settings)
    losses = []
    for _ in range(6):
        trainer.step()
        read = trainer.moments.read()
        losses.append([read["loss_D"]["mean"], read["loss_G"]["mean"]])
    return losses


@pytest.mark.parametrize("case", CASES)
def test_the_losses_are_those_that_were_frozen(tmp_path: Path, case: str) -> None:
    expected = json.loads(GOLDEN.read_text())[case]
    for step, (found, frozen) in enumerate(zip(trace(tmp_path / "run", CASES[case]), expected, strict=True)):
        assert found == pytest.approx(frozen, rel=1e-4, abs=1e-5), f"step {step}"


if __name__ == "__main__":
    import torch

    from faussaire import modalities
    from toy import Points

    torch.set_num_threads(1)
    modalities.MODALITIES["points"] = Points()
    with tempfile.TemporaryDirectory() as scratch:
        frozen = {case: trace(Path(scratch) / case, settings) for case, settings in CASES.items()}
    GOLDEN.write_text(json.dumps(frozen, indent=1) + "\n")
