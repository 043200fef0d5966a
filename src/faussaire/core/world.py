"""Several processes that work on one thing: who they are, what they tell one another, and what happens if one dies.

torchrun starts them, here or on many machines, and says by the environment who is who; torch.distributed carries what
they say: nccl between cards, gloo between processors and for all that is not a gradient. A process alone is a world
of size 1, in which everything here costs nothing.

Sums are in a fixed order. Of 2^k processes, each adds up with its neighbour, then pairs with pairs, and so on
(recursive doubling: Thakur et al. 2005): by gloo, what four processes make of a batch is to the last bit what one makes
of the same four parts of it. A ring of four would add every piece up in an order of its own; of two there is but one.

Each process counts up a number of its own in a store that all can read. When one is gone the others meet an error in
the next thing that they say to each other; whose number stands still is then known to them, and told once.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from safetensors.torch import load, save
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from faussaire.core.devices import is_host, on_host
from faussaire.core.errors import FaussaireError, RankError
from faussaire.core.ranks import num_ranks

BEAT_SECONDS = 0.5
SILENT_SECONDS = 3.0
"""A process whose number has not moved for so long, while another waited for it in vain, is gone."""

PATIENCE = timedelta(days=1)
"""A pause of the training, or a long evaluation by the first process, is no reason to give up."""

T = TypeVar("T")


class World:
    """The processes that work together; `alone()` is one of a single process.

    Args:
        rank: number of this process; the first, 0, is the one that writes.
        size: how many there are.
        store: what all of them can read and write; None for a process alone.
    """

    def __init__(self, rank: int = 0, size: int = 1, store: Store | None = None) -> None:
        self.rank, self.size = rank, size
        self._store = store
        self._over = threading.Event()
        self._partners: list[int] = []  # whom this process adds up with, one after the other

    @property
    def is_first(self) -> bool:
        """Whether this process writes, shows and decides."""
        return self.rank == 0

    # What is told: numbers to all, and from the first to all.

    def sum_(self, flat: Tensor) -> None:
        """Add up a vector over all processes, in place; every one gets the same bits."""
        with self._meeting():
            if not self._partners or not is_host(flat.device):
                dist.all_reduce(flat)
                return
            other = torch.empty_like(flat)
            for partner in self._partners:
                # Both ways at once: a ring of two takes a quarter more of a processor, and waits twice.
                coming = dist.irecv(other, partner)
                dist.send(flat, partner)
                assert coming is not None  # as it would be of a process outside of the group
                coming.wait()
                flat.add_(other)  # a + b is b + a, to the last bit

    def from_first(self, value: T) -> T:
        """Return what the first process gives, made of JSON types; what the others give does not matter."""
        if self.size == 1:
            return value
        said: T = json.loads(self._from_first(json.dumps(value).encode() if self.is_first else b""))
        return said

    def tensors_from_first(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of the first process, on the processor; those of the others do not matter."""
        if self.size == 1:
            return dict(tensors)
        return load(self._from_first(save(on_host(tensors)) if self.is_first else b""))

    def order(self, numbers: Sequence[int]) -> list[int]:
        """Return a few numbers of the first process: as many in all of them, by one short message."""
        if self.size == 1:
            return list(numbers)
        message = torch.tensor(numbers)
        with self._meeting():
            dist.broadcast(message, 0)
        told: list[int] = message.tolist()
        return told

    def _from_first(self, content: bytes) -> bytes:
        with self._meeting():
            length = torch.tensor([len(content)])
            dist.broadcast(length, 0)
            message = torch.empty(int(length), dtype=torch.uint8)
            if self.is_first:
                message.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
            dist.broadcast(message, 0)
        said: bytes = message.numpy().tobytes()
        return said

    def gather(self, rows: Tensor, counts: Sequence[int]) -> Tensor:
        """Return the rows `[n, ...]` of all processes, which have `counts` of them, one after the other."""
        if self.size == 1:
            return rows
        most = max(counts)
        mine = rows.new_zeros((most, *rows.shape[1:]))
        mine[: len(rows)] = rows
        found = [torch.empty_like(mine) for _ in counts]
        with self._meeting():
            dist.all_gather(found, mine)
        return torch.cat([part[:count] for part, count in zip(found, counts, strict=True)])

    def together(self, work: Callable[[], T]) -> T:
        """Do `work` in every process; where it fails in one, it fails in all, and the first one says why.

        Raises:
            FaussaireError: as `work`; in the first process with the number of the one that failed.
        """
        if self.size == 1:
            return work()
        failed: FaussaireError | None = None
        done: T | None = None
        try:
            done = work()
        except FaussaireError as error:
            failed = error
        for rank, text in enumerate(self._all_say("" if failed is None else str(failed))):
            if text:
                if failed is not None and self.is_first:
                    raise failed
                code = 1 if failed is None else failed.exit_code
                raise (
                    _told(RankError(f"process {rank} of {self.size}: {text}"), code) if self.is_first else Silent(code)
                )
        return done  # type: ignore[return-value]

    def _all_say(self, text: str) -> list[str]:
        content = text.encode()[:4096]
        with self._meeting():
            lengths = torch.zeros(self.size, dtype=torch.int64)
            lengths[self.rank] = len(content)
            dist.all_reduce(lengths)
            mine = torch.zeros(int(lengths.max()), dtype=torch.uint8)
            mine[: len(content)] = torch.tensor(list(content), dtype=torch.uint8)
            found = [torch.empty_like(mine) for _ in range(self.size)]
            if len(mine):
                dist.all_gather(found, mine)
        return [
            bytes(said[:length].tolist()).decode(errors="replace")
            for said, length in zip(found, lengths.tolist(), strict=True)
        ]

    # Who is still there.

    @contextmanager
    def _meeting(self) -> Iterator[None]:
        """Find out who is gone where the others cannot be reached."""
        try:
            yield
        except RuntimeError as error:
            raise self._why(error) from None

    def _why(self, error: RuntimeError) -> FaussaireError | Silent:
        """Return what to end with: the first of those that are left tells who is gone, the others say nothing."""
        ended, gone = self._left(), self._gone()
        if ended:  # it had a reason, and has told it
            return Silent(ended[0])
        left = [rank for rank in range(self.size) if rank not in gone]
        if left and self.rank != left[0]:
            return Silent(1)
        who = " and ".join(f"process {rank} of {self.size} ({self._name(rank)})" for rank in gone)
        what = f"{who or f'one of {self.size} processes'} is gone"
        more = "" if gone else f" ({str(error).splitlines()[0]})"
        return RankError(f"{what}{more}: all of them end; the same command goes on from the last checkpoint")

    def _gone(self) -> list[int]:
        """Return the processes whose number does not move."""
        try:
            before = self._beats()
            time.sleep(SILENT_SECONDS)
            after = self._beats()
        except (RuntimeError, AssertionError):
            return [0]  # it keeps the store where torchrun does not
        return [rank for rank in range(self.size) if before[rank] == after[rank] and rank != self.rank]

    def _beats(self) -> list[int]:
        assert self._store is not None
        return [self._store.add(f"beat/{rank}", 0) for rank in range(self.size)]

    def _left(self) -> list[int]:
        """Return the exit codes of those that ended for a reason that they have told."""
        with suppress(RuntimeError):
            if self._store is not None and self._store.check(["ended"]):
                return [int(self._store.get("ended"))]
        return []

    def _name(self, rank: int) -> str:
        with suppress(RuntimeError):
            if self._store is not None and self._store.check([f"name/{rank}"]):
                return str(self._store.get(f"name/{rank}").decode())
        return "which never came so far"

    def begin(self) -> None:
        """Pair up for the sums, say who this process is, and from now on that it lives."""
        assert self._store is not None
        if self.size & (self.size - 1) == 0:
            self._partners = [self.rank ^ 2**power for power in range(self.size.bit_length() - 1)]
        self._store.set(f"name/{self.rank}", f"pid {os.getpid()} on {socket.gethostname()}")
        store = self._store.clone() if hasattr(self._store, "clone") else self._store  # the latter before torch 2.8
        threading.Thread(target=self._beat, args=(store,), name="beat", daemon=True).start()

    def end(self, code: int | None) -> None:
        """Say nothing more; with a code, that this process ends for a reason that is told."""
        self._over.set()
        with suppress(RuntimeError):
            if code is not None and self._store is not None:
                self._store.set("ended", str(code))

    def _beat(self, store: Store) -> None:
        with suppress(RuntimeError):
            while not self._over.wait(BEAT_SECONDS):
                store.add(f"beat/{self.rank}", 1)


class Silent(SystemExit):
    """This process ends, and another tells why."""


def _told(error: FaussaireError, code: int) -> FaussaireError:
    """Give an error the exit code of that which it tells of."""
    error.exit_code = code
    return error


ALONE = World()


@contextmanager
def open_world(device: torch.device) -> Iterator[World]:
    """Join the processes that torchrun has started, and leave them at the end; alone where it has started none.

    Raises:
        RankError: the others cannot be reached.
    """
    if num_ranks() == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backends = "gloo" if is_host(device) else f"cpu:gloo,{device.type}:{dist.get_default_backend_for_device(device)}"
    try:
        store, rank, size = next(rendezvous("env://"))
        dist.init_process_group(backends, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise RankError(f"cannot reach the other processes of torchrun: {str(error).splitlines()[0]}") from None
    world = World(rank, size, PrefixStore("faussaire", store))
    world.begin()
    try:
        yield world
    except BaseException as error:
        is_told = isinstance(error, FaussaireError | Exception) and world.is_first and not isinstance(error, RankError)
        world.end(getattr(error, "exit_code", 1) if is_told else None)
        raise
    world.end(None)
    dist.destroy_process_group()
