"""Passes that are recorded and played back: by a tape for a processor that plays as a CUDA graph does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from faussaire.core.captured import Captured, Found
from faussaire.core.config import resolve
from faussaire.core.errors import DivergenceError
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec, of_spec
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.trainer import Trainer
from toy import image_trainer, music_spec, text_spec

PENALTY_EVERY = 2


class ProcessorTape(TorchDispatchMode):
    """Notes every operation with the very tensors that it read and wrote, and does them again in the same places."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[tuple[Any, Any, Any, Any]] = []
        self.recordings = self.played = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.noted.append((func, *bare((args, kwargs or {}, out))))
        return out

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Nothing is set up here."""
        yield

    def record(self, work: Callable[[], Found]) -> tuple[Callable[[], None], Found]:
        """Record operations; what they left is spoilt, as a CUDA graph leaves nothing before it is played."""
        self.recordings += 1
        self.noted = []
        with self:
            found = work()
        noted = self.noted
        for tensor in bare([*found.gradients, *found.fakes, *found.figures.values()]):
            tensor.fill_(7.0)

        @torch.no_grad()
        def replay() -> None:
            self.played += 1
            for func, args, kwargs, out in noted:
                again = func(*args, **kwargs)
                if not func.is_view:
                    put(out, again)

        return replay, found


def bare(tensors: Any) -> Any:
    """The same memory, of whose changes autograd learns nothing."""
    return tree_map_only(Tensor, lambda tensor: tensor.data, tensors)


def put(places: Any, values: Any) -> None:
    if isinstance(places, Tensor):
        if places.data_ptr() != values.data_ptr():
            places.copy_(values)
    elif isinstance(places, (list, tuple)):
        for place, value in zip(places, values, strict=True):
            put(place, value)


def recorded(trainer: Trainer) -> ProcessorTape:
    tape = ProcessorTape()
    trainer.compute = Captured(period=trainer.config.penalty_every, tape=tape)
    return tape


SETTINGS: list[dict[str, Any]] = [
    {},
    {"num_classes": 3},
    {"augment": ("translation", "colour", "cutout")},
    {"penalty_every": 1},
    {"penalties": ["none"]},
    {"g_steps": 2},
    {"precision": "bf16"},
    {"shards": 2, "threads": 1},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("architecture", ["lean", "hybrid"])
def test_what_is_played_back_is_what_would_have_been_computed(
    tmp_path: Path, architecture: str, settings: dict[str, Any]
) -> None:
    trainers = [
        image_trainer(tmp_path / str(i), architecture, width=4, **{"penalty_every": PENALTY_EVERY, **settings})
        for i in range(2)
    ]
    for trainer in trainers:
        trainer.state.augment = 0.5
    compare(*trainers)


@pytest.mark.parametrize("spec", [text_spec(4, 6), music_spec(1, 24), music_spec(2, 12, single=False)], ids=str)
def test_so_it_is_of_other_kinds(spec: SampleSpec) -> None:
    kind = of_spec(spec)
    high = spec.shape[0] if spec.modality == "text" else 2
    rows = np.random.default_rng(0).integers(
        0, high, (20, *(spec.shape[1:] if spec.modality == "text" else spec.shape))
    )
    settings = {"data": "x", "architecture": kind.defaults["architecture"], "batch_size": 8, "z_dim": 6, "width": 1}
    config = resolve(None, settings | {"penalty_every": PENALTY_EVERY, "augment": kind.augmentations(spec.shape)})
    trainers = []
    for _ in range(2):
        batches = Batches(rows.astype(np.uint8), to_real=kind.to_real, batch_size=8, seed=0)
        trainers.append(Trainer(config, batches, fresh_state(config, spec), endless()))
        trainers[-1].state.augment = 0.5
    compare(*trainers)


def compare(ours: Trainer, plain: Trainer) -> None:
    """Let the first be recorded, and look at the figures of every step when all are made."""
    tape = recorded(ours)
    results = [(ours.step(), plain.step()) for _ in range(14)]
    assert tape.played > 2 * tape.recordings > 0
    for one, other in results:
        for mine, its in zip(one.values, other.values, strict=True):
            assert mine.keys() == its.keys()
            assert all(torch.equal(mine[name], its[name]) for name in mine)
        assert torch.equal(one.judged.real_logits, other.judged.real_logits)
    assert torch.equal(results[-1][0].judged.fake, results[-1][1].judged.fake)
    expected = plain.state.tensors()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in ours.state.tensors().items())


def test_a_gradient_that_is_not_finite_is_met_before_the_step_and_training_goes_on(tmp_path: Path) -> None:
    trainer = image_trainer(tmp_path, "lean", width=4, penalty_every=1)
    recorded(trainer)
    for _ in range(4):
        trainer.step()
    bias = trainer.state.D.head.bias
    good = bias.detach().clone()
    with torch.no_grad():
        bias.fill_(torch.inf)
    before = {name: tensor.clone() for name, tensor in trainer.state.weights().items()}
    with pytest.raises(DivergenceError):
        trainer.step()
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainer.state.weights().items())
    with torch.no_grad():
        bias.copy_(good)
    trainer.step()


def test_each_kind_of_pass_is_recorded_once(tmp_path: Path) -> None:
    trainer = image_trainer(tmp_path, "lean", width=4, penalty_every=PENALTY_EVERY)
    tape = recorded(trainer)
    for _ in range(trainer.compute.slow_rounds):
        trainer.step()
    assert tape.recordings == 4  # D with and without penalty, and G after either
    for _ in range(6):
        trainer.step()
    assert tape.recordings == 4
