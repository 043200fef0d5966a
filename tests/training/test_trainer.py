"""The three steps, and that they are learnt from."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from faussaire.core.config import resolve
from faussaire.core.rng import numpy_generator_for
from faussaire.data.batches import Batches
from faussaire.generation.latents import latents
from faussaire.models.losses import LOSSES
from faussaire.models.penalties import penalise
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import Plan, Segment
from faussaire.training.gauges import batch_diversity
from faussaire.training.trainer import Trainer
from toy import IMAGE, image_spec, measured, modes_found, toy_trainer


def image_trainer(architecture: str, **settings: object) -> Trainer:
    config = resolve(None, {"data": "x", "architecture": architecture, "batch_size": 8, "z_dim": 6, **settings})
    images = numpy_generator_for(0, "test images").integers(0, 256, (40, 1, 8, 8)).astype("uint8")
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=800)])
    return Trainer(
        config,
        Batches(images, to_real=IMAGE.to_real, batch_size=8, seed=0),
        fresh_state(config, image_spec(8, 1)),
        plan,
    )


def snapshot(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {key: tensor.clone() for key, tensor in module.state_dict().items()}


def same(module: torch.nn.Module, before: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())


def test_augmentation_grows_while_d_knows_the_reals_and_no_further_than_it_may() -> None:
    trainer = image_trainer("hybrid", batch_size=8)
    trainer.augment = ("translation", "cutout")
    trainer.step()
    assert trainer.state.augment == 0.0  # at the very start it waits
    trainer.state.nimg = 400
    reals, fakes = torch.ones(8), -torch.ones(8)
    for _ in range(10_000):
        trainer.adapt(reals, fakes)
    assert trainer.state.augment == 0.8
    trainer.adapt(fakes, reals)
    assert trainer.state.augment < 0.8
    trainer.step()
    assert all(torch.isfinite(tensor).all() for tensor in trainer.state.tensors().values())


def test_augmentation_grows_where_reals_that_were_held_out_look_like_fakes_to_d() -> None:
    trainer = image_trainer("hybrid", batch_size=8)
    trainer.augment = ("translation", "cutout")
    trainer.unseen = Batches(np.full((20, 1, 8, 8), 77, np.uint8), to_real=IMAGE.to_real, batch_size=16, seed=0)
    trainer.state.nimg = 400
    unseen = float(trainer.unseen_logits(400).mean())  # type: ignore[union-attr]
    above, below = torch.tensor([2.0, 0.0]), torch.tensor([1.0, -1.0])  # of both, half are on either side of 0.5
    trainer.adapt(unseen + above, unseen + below)  # r_v is 1 / 1
    grown = trainer.state.augment
    assert grown > 0
    trainer.adapt(unseen + above - 1, unseen + below - 1)  # r_v is 0
    assert trainer.state.augment < grown


ARCHITECTURES = ["dense", "conv", "hybrid"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_step_1_leaves_every_tensor_of_g_and_step_2_every_tensor_of_d(architecture: str) -> None:
    trainer = image_trainer(architecture, penalty_every=1)
    state = trainer.state
    for _ in range(3):
        before_G, before_D = snapshot(state.G), snapshot(state.D)
        real_logits = trainer.train_discriminator().real_logits
        assert same(state.G, before_G)
        assert not same(state.D, before_D)
        before_D = snapshot(state.D)
        trainer.train_generator(real_logits)
        assert same(state.D, before_D)
        assert not same(state.G, before_G)
        assert all(parameter.requires_grad for parameter in state.D.parameters())


def test_d_and_g_take_as_many_steps_as_asked_for(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path / "run", d_steps=3, g_steps=2)
    trainer.step()
    assert trainer.state.nimg == 3 * 32
    assert trainer.state.opt_D.state_dict()["state"][0]["step"] == 3
    assert trainer.state.opt_G.state_dict()["state"][0]["step"] == 2


def test_a_lazy_penalty_is_applied_every_kth_step_of_d(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path / "run", penalty_every=4)
    values = [each for _ in range(8) for each in trainer.step().values]
    assert measured(*values)["penalty"]["n"] == 2


def test_a_penalty_falls_on_one_image_in_k_of_the_batch() -> None:
    trainer = image_trainer("hybrid", penalty_one_in=4)
    D, real = copy.deepcopy(trainer.state.D), trainer.batches.real(0)
    judged = trainer.train_discriminator()
    fake = judged.fake
    expected = (
        penalise(["r1", "r2"], D, real[[0, 4]], fake[[0, 4]], torch.rand(2, generator=torch.Generator())).mean().item()
    )
    assert measured(judged.values)["penalty"]["mean"] == pytest.approx(expected, rel=1e-4)


def test_g_may_multiply_in_bf16_and_all_else_stays_fp32() -> None:
    full, half = (image_trainer("hybrid", precision=precision) for precision in ("fp32", "bf16"))
    in_full, in_half = (trainer.step().judged for trainer in (full, half))
    torch.testing.assert_close(in_half.fake, in_full.fake, rtol=0.05, atol=0.05)
    assert not torch.equal(in_half.fake, in_full.fake)
    tensors = [in_half.fake, in_half.real_logits, in_half.fake_logits, *half.state.tensors().values()]
    assert {tensor.dtype for tensor in tensors} == {torch.float32}
    gradients = [parameter.grad for parameter in half.state.G.parameters()]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_without_an_average_g_ema_is_g(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path / "run", ema=0.0)
    for _ in range(3):
        trainer.step()
    assert same(trainer.state.G_ema, snapshot(trainer.state.G))


def test_the_learning_rate_follows_the_share_of_the_run_that_is_done(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path / "run", kimg=0.64, lr=1e-3, lr_final=0.5, lr_schedule="linear")
    for expected in (1e-3, 1e-3 * 0.975):
        trainer.step()
        assert trainer.state.opt_G.param_groups[0]["lr"] == pytest.approx(expected)


def test_training_neither_reads_nor_moves_the_global_random_state(tmp_path: Path) -> None:
    trainers = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        trainer = toy_trainer(tmp_path / f"{seed}")
        for _ in range(3):
            trainer.step()
        assert torch.equal(torch.get_rng_state(), before)
        trainers.append(trainer)
    assert same(trainers[0].state.G, snapshot(trainers[1].state.G))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_points_in_the_plane(tmp_path: Path, loss: str) -> None:
    penalties = ["wgan_gp"] if loss == "wasserstein" else ["r1", "r2"]
    trainer = toy_trainer(tmp_path / "run", loss=loss, penalties=penalties, penalty_every=2, gamma=0.1)
    for _ in range(5):
        trainer.step()
    assert all(torch.isfinite(tensor).all() for tensor in trainer.state.tensors().values())


def test_diversity_is_1_for_the_reals_themselves_and_0_for_a_constant(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path / "run")
    real = trainer.step().judged.real
    assert batch_diversity(real, real).value == pytest.approx(1.0)
    constant = torch.zeros_like(real)
    assert batch_diversity(constant, real).value == batch_diversity(constant, real).high == 0.0


@pytest.mark.slow
def test_the_eight_gaussians_are_learnt(tmp_path: Path) -> None:
    trainer = toy_trainer(
        tmp_path / "run", kimg=60, batch_size=128, lr=2e-3, beta1=0.0, beta2=0.99, gamma=0.02, penalty_every=2
    )
    while not trainer.plan.finished(trainer.state.nimg):
        trainer.step()
    with torch.no_grad():
        points = trainer.state.G_ema(latents(2000, 8, seed=0, stream="test")).numpy()
    assert modes_found(points) == 8
