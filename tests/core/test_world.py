"""Several processes add up in the order of a tree, whoever does it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, socket, sys
from datetime import timedelta
import torch
import torch.distributed as dist
from faussaire.core.world import World

parts = [torch.randn(1001, generator=torch.Generator().manual_seed(rank)) for rank in range(4)]
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]

def work(rank):
    torch.set_num_threads(1)
    store = dist.TCPStore("127.0.0.1", port, 4, is_master=rank == 0, timeout=timedelta(seconds=300))
    dist.init_process_group("gloo", store=store, rank=rank, world_size=4)
    world = World(rank, 4, store)
    world.begin()
    flat = parts[rank].clone()
    world.sum_(flat)
    told = torch.equal(flat, (parts[0] + parts[1]) + (parts[2] + parts[3]))
    dist.barrier()  # nobody leaves before the others are through
    return 0 if told else 1

children = []
for rank in range(4):
    children.append(os.fork())
    if children[-1] == 0:
        code = 2
        try:
            code = work(rank)
        finally:
            os._exit(code)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_four_processes_add_up_neighbours_first_then_pairs_to_the_last_bit() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
