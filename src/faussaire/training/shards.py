"""A batch cut in shards, one a thread, each with networks of its own that share the weights and not the gradients.

Networks this small gain nothing from threads inside an operation: what they wait for costs more than what they share.
Threads that each take their own part of the batch through G and D meet twice a step, to add up gradients (1.5 times as
fast on two cores: docs/LAB.md). It is data parallelism (Li et al. 2020, arXiv 2006.15704) within one process; a shard
must not look at its neighbours, so networks with batch statistics or dropout are not cut.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar, overload

import torch
from torch import Tensor, nn

from faussaire.models.augment import Draws

T = TypeVar("T")


@dataclass
class Shard:
    """One thread's share of the batch."""

    index: int
    G: nn.Module
    D: nn.Module
    fake: Tensor
    """The fakes of the last step of D, with the way back into G: step 2 goes on from them."""

    def __post_init__(self) -> None:
        """List the parameters once: to walk through the modules at every step would cost a tenth of a small one."""
        self.parameters: dict[str, list[Tensor]] = {"G": list(self.G.parameters()), "D": list(self.D.parameters())}


class Shards:
    """The shards of every batch of a training.

    Args:
        G, D: the networks; the first shard's are these very ones.
        count: number of shards.
    """

    def __init__(self, G: nn.Module, D: nn.Module, count: int) -> None:
        none = torch.empty(0)
        self._shards = [Shard(0, G, D, none), *(Shard(i, _twin(G), _twin(D), none) for i in range(1, count))]
        self._pool = None
        if count > 1:
            self._pool = ThreadPoolExecutor(count - 1, initializer=_begin_thread)

    def run(self, work: Callable[[Shard], T]) -> list[T]:
        """Do `work` on every shard at the same time, and return what each gives, in order."""
        others = [self._pool.submit(work, shard) for shard in self._shards[1:]] if self._pool else []
        first = work(self._shards[0])
        return [first, *(other.result() for other in others)]

    @overload
    def part(self, shard: Shard, batch: Tensor) -> Tensor: ...
    @overload
    def part(self, shard: Shard, batch: Draws) -> Draws: ...
    @overload
    def part(self, shard: Shard, batch: None) -> None: ...
    def part(self, shard: Shard, batch: Tensor | Draws | None) -> Tensor | Draws | None:
        """Return the part `[N / count, ...]` of a batch `[N, ...]` that is a shard's; None of None."""
        if batch is None:
            return None
        first, end = (len(batch) * edge // len(self._shards) for edge in (shard.index, shard.index + 1))
        return batch[first:end]

    def fakes(self) -> Tensor:
        """Return the fakes `[N, *shape]` of the last step of D."""
        return torch.cat([shard.fake.detach() for shard in self._shards])

    def parameters(self, network: str) -> list[Tensor]:
        """Return the parameters of `network`, "G" or "D", in order."""
        return self._shards[0].parameters[network]

    def sum_gradients(self, network: str) -> None:
        """Add the gradients of `network`, "G" or "D", in every shard to those of the first."""
        first, *others = (shard.parameters[network] for shard in self._shards)
        for parameters in others:
            torch._foreach_add_(gradients(first), gradients(parameters))
            for parameter in parameters:
                parameter.grad = None


def gradients(parameters: list[Tensor]) -> list[Tensor]:
    """Return the gradients of parameters, all of which must have one."""
    found = [parameter.grad for parameter in parameters if parameter.grad is not None]
    assert len(found) == len(parameters)
    return found


def num_shards(G: nn.Module, D: nn.Module, *, threads: int, batch_size: int) -> int:
    """Return how many shards `threads` make of a batch: 1 where a network looks across it."""
    return min(threads, batch_size) if G.per_sample and D.per_sample else 1


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
    """Give every parameter of `network`, "G" or "D", its gradient of a loss; nothing else gets one."""
    parameters = shard.parameters[network]
    for parameter in parameters:
        parameter.grad = None
    torch.autograd.backward(loss, inputs=parameters)
