"""Many requests, one network: what waits is computed together.

One thread computes. While it does, requests gather; it then takes as many as fit into a batch. A network adds up a
product of one row in another order than of many, so the last bit of a pixel could depend on who else was asking:
latents are therefore given to it in blocks of one size, filled up with zeros, and a sample is the same bytes alone or
in company. A block of 32 takes 5 ms where a lone row takes 0.3 (28 pixels, one core): that is what a single request
pays; 32 requests together pay it once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from faussaire.core.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from faussaire.generation.generator import Generator

    Inputs = tuple[Tensor, Tensor | None, float]

T = TypeVar("T")
BLOCK = 32
MAX_BATCH = 512  # samples computed before anybody is answered
MAX_WAITING = 16_384  # samples asked for and not yet made


@dataclass(eq=False)
class Asked:
    """One request."""

    count: int
    inputs: Callable[[], Inputs]
    """Draws z `[count, z_dim]`, and classes `[count]` for a conditional generator, and says the truncation of all."""

    finish: Callable[[np.ndarray], Any]
    """Makes the answer of the samples `[count, ...]`."""

    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher:
    """Answers requests for samples of one generator.

    Args:
        generator: what makes them.
        thread: the one thread that computes.
    """

    def __init__(self, generator: Generator, thread: ThreadPoolExecutor) -> None:
        self.generator = generator
        self.thread = thread
        self.waiting: deque[Asked] = deque()
        self.num_waiting = 0
        self._work: asyncio.Task[None] | None = None

    async def ask(self, count: int, inputs: Callable[[], Inputs], finish: Callable[[np.ndarray], T]) -> T:
        """Make samples of `count` latents, and of them an answer.

        Raises:
            RequestError: too many are waiting.
        """
        if self.num_waiting + count > MAX_WAITING:
            raise RequestError(
                503, "more than {most} samples are waiting to be made; try again in a second", most=MAX_WAITING
            )
        asked = Asked(count, inputs, finish)
        self.waiting.append(asked)
        self.num_waiting += count
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._answer_all())
        answer: T = await asked.answer
        return answer

    async def _answer_all(self) -> None:
        while self.waiting:
            batch = self._next_batch()
            if not batch:
                continue
            answers = await asyncio.get_running_loop().run_in_executor(self.thread, self._compute, batch)
            for asked, answer in zip(batch, answers, strict=True):
                if asked.answer.done():
                    continue  # whoever asked has gone
                if isinstance(answer, Exception):
                    asked.answer.set_exception(answer)
                else:
                    asked.answer.set_result(answer)

    def _next_batch(self) -> list[Asked]:
        batch: list[Asked] = []
        taken = 0
        while self.waiting and (not batch or taken + self.waiting[0].count <= MAX_BATCH):
            asked = self.waiting.popleft()
            self.num_waiting -= asked.count
            if not asked.answer.done():
                batch.append(asked)
                taken += asked.count
        return batch

    def _compute(self, batch: list[Asked]) -> list[Any]:
        """Return an answer, or the error in its place, to each."""
        try:
            samples = in_blocks(self.generator, [asked.inputs() for asked in batch])
        except Exception as error:
            return [error] * len(batch)
        answers: list[Any] = []
        first = 0
        for asked in batch:
            try:
                answers.append(asked.finish(samples[first : first + asked.count]))
            except Exception as error:
                answers.append(error)
            first += asked.count
        return answers


def in_blocks(generator: Generator, drawn: list[Inputs]) -> np.ndarray:
    """Make the samples of latents `[n, z_dim]` each, all together: uint8 `[sum of n, H, W, C]` for images."""
    import torch

    z = torch.cat([latents for latents, _, _ in drawn])
    count, short = len(z), -len(z) % BLOCK
    z = torch.cat([z, torch.zeros(short, z.shape[1])])
    known = [labels for _, labels, _ in drawn if labels is not None]
    labels = torch.cat([*known, torch.zeros(short, dtype=torch.int64)]) if known else None
    truncations = torch.cat([*(torch.full((len(latents),), share) for latents, _, share in drawn), torch.ones(short)])
    blocks = [slice(i, i + BLOCK) for i in range(0, len(z), BLOCK)]
    made = [generator(z[part], None if labels is None else labels[part], truncations[part]) for part in blocks]
    return generator.modality.to_array(torch.cat(made)[:count])
