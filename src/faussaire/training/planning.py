"""What a training would take on machines that are not here: operations, bytes, images a second, hours, money.

Operations are counted, not estimated: the trainer itself makes a step on the device "meta", where tensors have shapes
and no numbers, and every product is counted as it passes. All else is arithmetic on ASSUMED, of which each number can
be looked at, and replaced: a step takes the time of its products, or that of starting its operations where that is
longer, and then that of adding up gradients. What can be checked on one machine, benchmarks/scale.py checks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from faussaire.core.captured import Found
from faussaire.core.config import Config
from faussaire.core.devices import META
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.trainer import Trainer

FLOAT_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One kind of worker. A number that was not measured is an assumption, to be replaced by a measurement."""

    name: str
    flops_per_second: float
    """Of its products, at their best."""

    share: float
    """Of that, in networks like these: small maps and few channels leave most of it idle."""

    start_seconds: float
    """To start one operation, however small."""

    link_bytes_per_second: float
    """To its neighbours in the same machine."""

    net_bytes_per_second: float
    """To those in others."""

    latency_seconds: float
    """Of one message."""

    per_node: int
    """How many are in one machine."""

    money_per_hour: float
    """Of one, in the currency that the price is in."""


GPU = Machine(
    name="GPU",
    flops_per_second=400e12,
    share=0.14,
    start_seconds=14e-6,
    link_bytes_per_second=300e9,
    net_bytes_per_second=40e9,
    latency_seconds=20e-6,
    per_node=8,
    money_per_hour=3.0,
)
"""A card of the H200's kind: TF32 for what D does and bf16 for G, 400 TFLOP/s between the two. Share and start are what
was measured of steps that are played back (benchmarks/gpu.py, docs/RESULTS.md); links and money are assumed."""

CPU_NODE = Machine(
    name="CPU node",
    flops_per_second=16 * 100e9,
    share=0.25,
    start_seconds=10e-6,
    link_bytes_per_second=10e9,
    net_bytes_per_second=1.25e9,
    latency_seconds=100e-6,
    per_node=1,
    money_per_hour=0.7,
)
"""Sixteen cores of 100 GFLOP/s in fp32, and a network of 10 Gbit/s."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one step of training is made of, whoever does it."""

    flops_per_image: float
    """Operations of D and G, forwards and backwards and for the penalties, for each image shown to D."""

    operations: float
    """How many are started in a step."""

    parameters_G: int
    parameters_D: int
    bytes_of_image: int
    """As the store holds it."""

    batch_size: int

    @property
    def gradient_bytes(self) -> int:
        """Bytes that every process has to add up with the others in a step."""
        return FLOAT_BYTES * (self.parameters_G + self.parameters_D + 2 * self.batch_size)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What so many workers would make of it."""

    machine: Machine
    count: int
    images_per_second: float
    adding_share: float
    """Of the time, for adding up gradients."""

    hours: float
    money: float
    read_bytes_per_second: float
    """That the store must give all of them together."""


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts floating-point operations, and operations started, as they pass; those of second derivatives, too."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do an operation, and count it."""
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=out)
        self.operations += not func.is_view
        return out


class Sketch(Trainer):
    """A trainer without numbers: it makes every step, and looks at nothing."""

    def take_step(self, network: str, found: Found) -> None:
        """Give every parameter its gradient and leave the weights as they are."""
        self.point_down(network, found)

    def adapt(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Leave the augmentation as it is."""


def work_of(config: Config, spec: SampleSpec) -> Work:
    """Count what a step takes; nothing is computed, and no weight takes memory on a device.

    Raises:
        ConfigError: the architecture cannot make such samples.
    """
    few = max(config.penalty_one_in, 4)  # all of it is in proportion to the batch
    small = replace(config, batch_size=few)
    batches = Batches(
        np.zeros((few, *spec.shape), np.float32),
        to_real=torch.as_tensor,
        batch_size=few,
        seed=0,
        labels=np.zeros(few, np.int64) if config.conditional else None,
        num_classes=len(spec.classes),
        device=META,
    )
    state = fresh_state(small, spec, META)
    sketch = Sketch(small, batches, state, endless())
    with Counter() as counter:
        for _ in range(config.penalty_every):
            sketch.step()
    steps = config.penalty_every
    return Work(
        flops_per_image=counter.flops / steps / sketch.step_nimg,
        operations=counter.operations / steps,
        parameters_G=sum(parameter.numel() for parameter in state.G.parameters()),
        parameters_D=sum(parameter.numel() for parameter in state.D.parameters()),
        bytes_of_image=math.prod(spec.shape),
        batch_size=config.batch,
    )


def added_up_seconds(work: Work, machine: Machine, count: int) -> float:
    """Return the time that adding up the gradients of both networks takes, 2 messages a step.

    Between cards a ring: 2 (n - 1) / n of the bytes, at the speed of the slowest link. Between processors recursive
    doubling, which keeps the order of the sums: log2 n times the bytes.
    """
    if count == 1:
        return 0.0
    slowest = machine.link_bytes_per_second if count <= machine.per_node else machine.net_bytes_per_second
    rounds = math.ceil(math.log2(count))
    is_ring = machine.per_node > 1
    times = 2 * (count - 1) / count if is_ring else rounds
    return times * work.gradient_bytes / slowest + 2 * (rounds if not is_ring else 2 * rounds) * machine.latency_seconds


def forecast(work: Work, machine: Machine, count: int, *, images: float) -> Forecast:
    """Return how fast so many workers would be, and what `images` images shown to D would take on them."""
    products = work.batch_size * work.flops_per_image / count / (machine.flops_per_second * machine.share)
    adding = added_up_seconds(work, machine, count)
    step = max(products, work.operations * machine.start_seconds) + adding
    speed = work.batch_size / step
    hours = images / speed / 3600
    return Forecast(
        machine=machine,
        count=count,
        images_per_second=speed,
        adding_share=adding / step,
        hours=hours,
        money=hours * count * machine.money_per_hour,
        read_bytes_per_second=speed * work.bytes_of_image,
    )
