"""Work on a GPU, recorded once and then played back: what starts a thousand small operations is then one call.

Networks of this size are done with an operation sooner than a processor can start the next one. A CUDA graph holds the
operations of a whole pass over a batch, with the addresses of what they read and write. So what goes in is copied to
where the recording reads it, and what comes out is overwritten by the next time: figures, which are kept, are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

Given = Mapping[str, Tensor]
"""What a pass takes from outside: tensors of the device by name, of the same shapes each time."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one pass over a batch found for one network."""

    gradients: list[Tensor]
    """Of each of its parameters."""

    fakes: list[Tensor]
    """What G made of each shard, with the way back into G where it is kept."""

    figures: dict[str, Tensor]
    """Logits, losses and the like by name: small, and of this time."""

    is_finite: Tensor
    """Whether the gradients and the losses are, a bool `[]`: reading it waits for the device."""


Pass = Callable[[Given], Found]


class Compute(Protocol):
    """How a pass is made."""

    @property
    def slow_rounds(self) -> int:
        """Rounds at first that take longer than those to come."""

    def begin(self) -> None:
        """A round of the game begins."""

    def __call__(self, key: Hashable, work: Pass, given: Given) -> Found:
        """Make a pass; those of one key do the same operations each time."""


class AtOnce:
    """Makes each pass as it comes."""

    slow_rounds = 2

    def begin(self) -> None:
        """Nothing."""

    def __call__(self, key: Hashable, work: Pass, given: Given) -> Found:
        """Make a pass."""
        return work(given)


class Tape(Protocol):
    """What records."""

    def beside(self) -> AbstractContextManager[object]:
        """Do work as it comes, so that all that is set up for it stays for the recordings."""

    def record(self, work: Callable[[], Found]) -> tuple[Callable[[], None], Found]:
        """Record work without doing it; return what does it, and where that will leave what it finds."""


class CardTape:
    """A tape of CUDA graphs."""

    def __init__(self, device: torch.device) -> None:
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Work on the stream of the recordings, after what came before and before what comes then."""
        now = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(now)
        with torch.cuda.stream(self.stream):
            yield
        now.wait_stream(self.stream)

    def record(self, work: Callable[[], Found]) -> tuple[Callable[[], None], Found]:
        """Record a graph."""
        graph = torch.cuda.CUDAGraph()
        # Other threads may go on with theirs meanwhile: one reads the next batch.
        with (
            torch.cuda.device(self.stream.device),
            torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"),
        ):
            found = work()
        return graph.replay, found


@dataclass(frozen=True)
class _Recording:
    replay: Callable[[], None]
    given: dict[str, Tensor]
    """Where the recording reads."""

    found: Found
    """Where it writes."""

    def play(self, given: Given) -> Found:
        for name, tensor in given.items():
            self.given[name].data.copy_(tensor)  # unseen by autograd: a pass may yet be recorded that goes back there
        self.replay()
        figures = {name: tensor.clone() for name, tensor in self.found.figures.items()}
        return replace(self.found, figures=figures)


class Captured:
    """Makes the passes of some rounds as they come, then records each kind of them once and plays it back.

    Passes of one round are recorded in one round: one of G may go back through what the one of D before it has kept.

    Args:
        period: rounds in which every key comes at least once.
        tape: what records.
    """

    def __init__(self, *, period: int, tape: Tape) -> None:
        self.warm_up, self.slow_rounds, self.tape = 2 * period, 3 * period, tape
        self._rounds = 0
        self._recordings: dict[Hashable, _Recording] = {}

    def begin(self) -> None:
        """Count a round."""
        self._rounds += 1

    def __call__(self, key: Hashable, work: Pass, given: Given) -> Found:
        """Make a pass: at once in the first rounds, then by its recording."""
        if self._rounds <= self.warm_up:
            with self.tape.beside():
                return work(given)
        recording = self._recordings.get(key)
        if recording is None:
            here = {name: tensor.clone() for name, tensor in given.items()}
            replay, found = self.tape.record(lambda: work(here))
            recording = self._recordings[key] = _Recording(replay, here, found)
        return recording.play(given)
