"""A batch cut in shards is the batch: the same step, up to the order of sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from faussaire.core.config import resolve
from faussaire.core.errors import ConfigError
from faussaire.core.rng import numpy_generator_for
from faussaire.data.batches import Batches
from faussaire.generation.generator import Generator
from faussaire.generation.samples import write_samples
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import Plan, Segment
from faussaire.training.trainer import Trainer
from toy import IMAGE, image_spec, measured

CLASSES = ("a", "b", "c")


def trainer(shards: int, **settings: object) -> Trainer:
    config = resolve(None, {"data": "x", "batch_size": 8, "z_dim": 6, "penalty_every": 2, "lr": 1e-4, **settings})
    random = numpy_generator_for(0, "test images")
    images = random.integers(0, 256, (40, 1, 8, 8)).astype("uint8")
    labels = random.integers(0, len(CLASSES), 40)
    given = labels if config.conditional else None
    batches = Batches(images, to_real=IMAGE.to_real, batch_size=8, seed=0, labels=given, num_classes=len(CLASSES))
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=800)])
    return Trainer(config, batches, fresh_state(config, image_spec(8, 1, CLASSES)), plan, shards=shards)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("penalty_every", [1, 2])
def test_two_shards_of_half_a_batch_have_the_gradients_of_the_whole(conditional: bool, penalty_every: int) -> None:
    """Gradients and not weights are compared: Adam's first steps are signs, also of what is 0 but for rounding."""
    settings = {"conditional": conditional, "penalty_every": penalty_every}
    whole, cut = trainer(1, **settings), trainer(2, **settings)
    judged = []
    for each in (whole, cut):
        each.state.nimg = 8  # the second batch: with a penalty, and without
        judged.append(each.train_discriminator())
        each.train_generator(judged[-1].real_logits)
    for network in ("G", "D"):
        expected, found = (dict(getattr(each.state, network).named_parameters()) for each in (whole, cut))
        assert max(float(p.grad.abs().max()) for p in expected.values()) > 1e-3
        for name, parameter in expected.items():
            torch.testing.assert_close(found[name].grad, parameter.grad, rtol=1e-4, atol=1e-6)
    assert torch.equal(judged[0].real, judged[1].real)
    assert [measured(each.values)["accuracy_real"]["n"] for each in judged] == [8, 8]


def test_three_shards_share_a_batch_of_eight_twice_alike() -> None:
    first, again = trainer(3), trainer(3)
    for _ in range(3):
        first.step()
        again.step()
    assert all(torch.equal(tensor, again.state.tensors()[key]) for key, tensor in first.state.tensors().items())


def test_a_conditional_step_trains_the_logit_of_each_class_on_its_own_samples() -> None:
    one = trainer(1, conditional=True, penalties=["none"])
    one.batches.classes = np.zeros_like(one.batches.classes)  # only class 0 is seen
    before = one.state.D.head.weight.detach().clone()
    one.step()
    moved = (one.state.D.head.weight != before).any(1)
    assert moved.tolist() == [True, False, False]


def test_a_generator_makes_the_class_that_it_is_asked_for() -> None:
    state = trainer(1, conditional=True).state
    made = Generator(
        state.G_ema, image_spec(8, 1, CLASSES), z_dim=6, name="toy", nimg=0, class_shares=(0.5, 0.25, 0.25)
    )
    assert np.array_equal(made.sample(5, label="b"), made.sample(5, label=1))
    assert not np.array_equal(made.sample(5, label="b"), made.sample(5, label="c"))
    drawn = torch.cat([labels for _, labels in made.inputs(2000, 0, None)])
    assert (torch.bincount(drawn) / 2000).tolist() == pytest.approx([0.5, 0.25, 0.25], abs=0.05)
    with pytest.raises(ConfigError, match="no class 'd'"):
        made.sample(1, label="d")


def test_what_was_made_names_the_class_that_a_number_meant(tmp_path: Path) -> None:
    state = trainer(1, conditional=True).state
    spec = image_spec(8, 1, ("1", "2", "3"))
    made = Generator(state.G_ema, spec, z_dim=6, name="toy", nimg=0, class_shares=(0.5, 0.25, 0.25))
    for label, name in (("1", "1"), ("0", "1"), ("3", "3")):
        told = write_samples(made, tmp_path / "x.png", n=4, seed=0, truncation=1.0, label=label)
        assert told == f"4 samples of the class {name}"


def test_an_unconditional_generator_says_how_to_get_one_class() -> None:
    made = Generator(trainer(1).state.G_ema, image_spec(8, 1, CLASSES), z_dim=6, name="toy", nimg=0)
    with pytest.raises(ConfigError, match="--conditional"):
        made.sample(1, label="a")
