"""What a training would take elsewhere: what is counted is what the program does, and the rest is arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from faussaire.core.config import resolve
from faussaire.core.devices import META
from faussaire.data.batches import Batches
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.planning import CPU_NODE, GPU, Counter, Sketch, Work, added_up_seconds, forecast, work_of
from toy import IMAGE, image_spec, image_trainer

WORK = Work(
    flops_per_image=1e9, operations=300, parameters_G=10**6, parameters_D=10**6, bytes_of_image=3000, batch_size=512
)


@pytest.mark.parametrize("settings", [{}, {"penalty_every": 1}, {"penalties": ["none"]}])
def test_what_is_counted_without_numbers_is_what_a_step_does_with_them(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    trainer = image_trainer(tmp_path, "hybrid", width=4, num_classes=3, **settings)
    with Counter() as counter:
        for _ in range(trainer.config.penalty_every):
            trainer.step()
    counted = work_of(trainer.config, image_spec(8, 3, ("a", "b", "c")))
    shown = trainer.config.penalty_every * trainer.config.batch
    assert counted.flops_per_image == pytest.approx(counter.flops / shown)
    assert counted.parameters_G == sum(p.numel() for p in trainer.state.G.parameters())


class Watch(TorchDispatchMode):
    """Notes every product, and where its numbers lie."""

    def __init__(self) -> None:
        super().__init__()
        self.products: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket._qualified_op_name in ("aten::mm", "aten::addmm", "aten::convolution"):
            self.products += [arg.device.type for arg in args if isinstance(arg, torch.Tensor)]
        return out


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("shards", [1, 2])
def test_nothing_that_is_computed_lies_elsewhere_than_the_networks(resident: bool, shards: int) -> None:
    """An operation on tensors of two devices raises, here as on a GPU."""
    settings = {"data": "x", "batch_size": 8, "z_dim": 4, "width": 4, "penalty_every": 1, "precision": "bf16"}
    augment = ("flip", "translation", "colour", "cutout")
    config = resolve(None, settings | {"conditional": True, "augment": augment, "penalties": ["r1", "r2", "wgan_gp"]})
    spec = image_spec(8, 3, ("a", "b"))
    images = torch.zeros(20, 3, 8, 8, dtype=torch.uint8).numpy()
    batches = Batches(
        images,
        to_real=IMAGE.to_real,
        batch_size=8,
        seed=0,
        labels=images[:, 0, 0, 0],
        num_classes=2,
        device=META,
        is_resident=resident,
    )
    state = fresh_state(config, spec, META)
    state.augment = 0.8
    trainer = Sketch(config, batches, state, endless(), shards=shards, threads=1)
    with Watch() as watch:
        judged = trainer.step().judged
    assert set(watch.products) == {"meta"}
    tensors = [judged.real, judged.fake, judged.real_logits, judged.fake_logits, *state.weights().values()]
    gradients = [parameter.grad for network in (state.G, state.D) for parameter in network.parameters()]
    assert {tensor.device for tensor in [*tensors, *gradients]} == {META}


def test_a_worker_alone_adds_nothing_up_and_twice_as_many_take_half_the_time_of_products() -> None:
    one, two = (
        forecast(WORK, replace(CPU_NODE, latency_seconds=0, net_bytes_per_second=1e30), n, images=1e6) for n in (1, 2)
    )
    assert added_up_seconds(WORK, GPU, 1) == one.adding_share == 0
    assert two.images_per_second == pytest.approx(2 * one.images_per_second)
    assert one.hours == pytest.approx(2 * two.hours)
    assert one.money == pytest.approx(two.money)


def test_cards_of_one_machine_add_up_around_a_ring_and_processors_by_doubling() -> None:
    bytes_added = 4 * (2 * 10**6 + 2 * 512)
    free = {"latency_seconds": 0.0}
    assert added_up_seconds(WORK, replace(GPU, **free), 8) == pytest.approx(2 * 7 / 8 * bytes_added / 300e9)
    assert added_up_seconds(WORK, replace(CPU_NODE, **free), 8) == pytest.approx(3 * bytes_added / 1.25e9)


def test_where_operations_are_small_it_is_starting_them_that_takes_the_time() -> None:
    small = replace(WORK, flops_per_image=1.0)
    assert forecast(small, GPU, 1, images=1).images_per_second == pytest.approx(512 / (300 * GPU.start_seconds))
