"""A batch cut in shards: shared by processes, and in each by threads; those of a thread are taken one after the other.

Networks this small gain nothing from threads inside an operation: what they wait for costs more than what they share.
Threads that each take their own part of the batch through G and D meet twice a step, to add up gradients (1.5 times as
fast on two cores: docs/LAB.md). It is data parallelism (Li et al. 2020, arXiv 2006.15704), within one process and
among many; more shards than threads are micro-batches, for which less memory is enough. A shard must not look at its
neighbours, so networks with batch statistics or dropout are not cut.

What a step computes depends on the shards and not on who computes them: each is computed for itself, and gradients are
added up as a tree over their numbers, ((0 + 1) + (2 + 3)) + … . So four processes make the same tensors as one that was
given four shards, to the last bit, where their numbers are powers of two and the processors are alike.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar, overload

import torch
from torch import Tensor, nn

from faussaire.core.config import Config
from faussaire.core.errors import ConfigError
from faussaire.core.world import ALONE, World
from faussaire.models.augment import Draws

LEAST_ROWS = 4
"""Of a batch for each process: figures of spread take some."""

T = TypeVar("T")


@dataclass
class Copy:
    """Networks of one thread, which share the weights with those of the others and not the gradients."""

    G: nn.Module
    D: nn.Module

    def __post_init__(self) -> None:
        """List the parameters once: to walk through the modules at every step would cost a tenth of a small one."""
        self.parameters: dict[str, list[Tensor]] = {"G": list(self.G.parameters()), "D": list(self.D.parameters())}


@dataclass
class Shard:
    """One part of the batch, and who takes it through which networks."""

    index: int
    """Its number among those of this process."""

    copy: Copy
    fake: Tensor
    """The fakes of the last step of D, with the way back into G where it is kept: step 2 goes on from them."""

    gradients: list[Tensor] = field(default_factory=list)
    """What the last work on it found, of one network."""

    @property
    def G(self) -> nn.Module:
        """The generator of its thread."""
        return self.copy.G

    @property
    def D(self) -> nn.Module:
        """The discriminator of its thread."""
        return self.copy.D


class Shards:
    """The shards of every batch that are this process's.

    Args:
        G, D: the networks; the first thread's are these very ones.
        count: shards of a whole batch, in all processes together.
        batch_size: images in a whole batch.
        threads: that share them here; one for each shard if not given.
        world: the processes that share them.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        count: int,
        *,
        batch_size: int,
        threads: int | None = None,
        world: World = ALONE,
    ) -> None:
        self.world = world
        own = count // world.size
        threads = own if threads is None else min(threads, own)
        copies = [Copy(G, D), *(Copy(_twin(G), _twin(D)) for _ in range(1, threads))]
        none = next(D.parameters()).new_empty(0)
        self._shards = [Shard(index, copies[index * threads // own], none) for index in range(own)]
        self._of_threads = [[shard for shard in self._shards if shard.copy is copy] for copy in copies]
        edges = [batch_size * edge // count for edge in range(world.rank * own, (world.rank + 1) * own + 1)]
        self.rows = slice(edges[0], edges[-1])
        """Those of every batch that are this process's."""
        self._edges = [edge - edges[0] for edge in edges]
        self._batch_size = batch_size
        self.keeps_fakes = len(self._shards) == threads
        """Whether what G made is kept with the way back until step 2, or made again there to save memory."""
        self.is_one_thread = threads == world.size == 1
        """Whether one thread of one process does all of it, one shard after the other."""
        self._pool = None
        if threads > 1:
            self._pool = ThreadPoolExecutor(threads - 1, initializer=_begin_thread)

    def run(self, work: Callable[[Shard], T]) -> list[T]:
        """Do `work` on every shard, on all threads at the same time, and return what each gives, in order."""

        def work_on(shards: list[Shard]) -> list[T]:
            return [work(shard) for shard in shards]

        others = [self._pool.submit(work_on, shards) for shards in self._of_threads[1:]] if self._pool else []
        first = work_on(self._of_threads[0])
        return [*first, *(result for other in others for result in other.result())]

    @overload
    def own(self, batch: Tensor) -> Tensor: ...
    @overload
    def own(self, batch: Draws) -> Draws: ...
    def own(self, batch: Tensor | Draws) -> Tensor | Draws:
        """Return the rows of a whole batch `[N, ...]` that are this process's."""
        return batch if self.world.size == 1 else batch[self.rows]

    @overload
    def part(self, shard: Shard, batch: Tensor) -> Tensor: ...
    @overload
    def part(self, shard: Shard, batch: Draws) -> Draws: ...
    @overload
    def part(self, shard: Shard, batch: None) -> None: ...
    def part(self, shard: Shard, batch: Tensor | Draws | None) -> Tensor | Draws | None:
        """Return the part of this process's rows of a batch that is a shard's; None of None."""
        if batch is None:
            return None
        return batch[self._edges[shard.index] : self._edges[shard.index + 1]]

    def start(self, shard: Shard) -> int:
        """Return the number of a shard's first row in the whole batch."""
        return int(self.rows.start) + self._edges[shard.index]

    def keep(self, fakes: list[Tensor]) -> None:
        """Keep the fakes `[n, *shape]` of each shard of the last step of D that were made here, for step 2."""
        for shard, fake in zip(self._shards, fakes, strict=True):
            shard.fake = fake

    def parameters(self, network: str) -> list[Tensor]:
        """Return the parameters of `network`, "G" or "D", in order."""
        return self._shards[0].copy.parameters[network]

    def meet(
        self, network: str, *rows: list[Tensor], sums: list[list[Tensor]]
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Add up the gradients of `network`, "G" or "D", of all shards wherever they are.

        Args:
            rows: figures of this process's rows, `[n]` of each shard.
            sums: figures of each shard, `[]`, that are added up, too.

        Returns:
            The gradients of its parameters, the figures of the whole batch, `[N]`, and the sums, `[]`.
        """
        found = [torch.cat(parts) for parts in rows]
        added = _tree(
            [[*shard.gradients, *each] for shard, each in zip(self._shards, zip(*sums, strict=True), strict=True)]
        )
        if self.world.size > 1:
            whole = [part.new_zeros(self._batch_size) for part in found]
            for place, part in zip(whole, found, strict=True):
                place[self.rows] = part  # 0 elsewhere: a sum puts the parts of all together
            added, found = self._add_up(added, whole)
        for shard in self._shards:
            shard.gradients = []
        count = len(self.parameters(network))
        return added[:count], found, added[count:]

    def _add_up(self, *groups: list[Tensor]) -> list[list[Tensor]]:
        """Add up tensors over all processes, all by one message."""
        tensors = [tensor for group in groups for tensor in group]
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        self.world.sum_(flat)
        parts = iter(torch.split(flat, [tensor.numel() for tensor in tensors]))
        return [[next(parts).view(tensor.shape) for tensor in group] for group in groups]


def _tree(shards: Sequence[list[Tensor]]) -> list[Tensor]:
    """Add up lists of tensors, neighbours first, then pairs of them, and so on."""
    level = list(shards)
    while len(level) > 1:
        for left, right in zip(level[::2], level[1::2], strict=False):
            torch._foreach_add_(left, right)
        level = level[::2]
    return level[0]


def is_cuttable(G: nn.Module, D: nn.Module) -> bool:
    """Say whether each sample's way through both networks is its own."""
    return bool(G.per_sample) and bool(D.per_sample)


def cut(config: Config, *, is_cuttable: bool, threads: int, size: int = 1) -> int:
    """Return how many shards a batch is cut in: as many as asked for, or one for each thread of every process.

    Args:
        config: `shards`, `batch`.
        is_cuttable: whether the networks take each sample for itself.
        threads: of each process.
        size: number of processes.

    Raises:
        ConfigError: several processes cannot share it.
    """
    if not is_cuttable:
        if size > 1:
            raise ConfigError(
                f"the networks of {config.architecture!r} look across a batch (its statistics, dropout), so {size} "
                "processes cannot share it: choose another --architecture, or train in one process"
            )
        return 1
    if size > 1 and config.batch < LEAST_ROWS * size:
        raise ConfigError(
            f"--batch-size {config.batch} is too little for {size} processes, of which each takes its part: "
            f"{LEAST_ROWS * size} or more, or fewer processes"
        )
    count = min(config.shards or threads * size, config.batch)
    return max(count // size, 1) * size


def _begin_thread() -> None:
    """Compute alone in this thread, and take numbers too small to be normal for 0, as the main thread does."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _twin(module: nn.Module) -> nn.Module:
    """Return a copy that shares the memory of every parameter and has gradients of its own."""
    twin = copy.deepcopy(module)
    for mine, shared in zip(twin.parameters(), module.parameters(), strict=True):
        mine.data = shared.data
    return twin


def backward_into(shard: Shard, network: str, loss: Tensor) -> None:
    """Find the gradient of a loss to every parameter of `network`, "G" or "D"; nothing else gets one."""
    parameters = shard.copy.parameters[network]
    for parameter in parameters:
        parameter.grad = None
    torch.autograd.backward(loss, inputs=parameters)
    shard.gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    assert len(shard.gradients) == len(parameters)
