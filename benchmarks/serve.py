"""Ask a served generator from many clients at once, and one by one; print throughput, p99, errors and memory.

    python benchmarks/serve.py RUN [--clients 200] [--seconds 30] [--n 1]

One-by-one is one client that waits for each answer before it asks again. Clients keep their connection, each asks for
a seed of its own every time, and every answer is checked for its status and for being as long as it says.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np


async def client(
    port: int, first_seed: int, step: int, n: int, until: float, latencies: list[float], found: Counter[str]
) -> None:
    """Ask again and again until the time is up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seed = first_seed
    while time.monotonic() < until:
        began = time.monotonic()
        writer.write(f"GET /api/generate?n={n}&seed={seed} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        seed += step
        found["asked"] += 1
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            length = int(
                next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")).split()[1]
            )
            body = await asyncio.wait_for(reader.readexactly(length), 60)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, StopIteration):
            found["lost"] += 1
            break
        good = head.startswith(b"HTTP/1.1 200") and body.startswith(b"\x89PNG")
        found["answered" if good else "refused"] += 1
        latencies.append(time.monotonic() - began)
    writer.close()


async def load(port: int, clients: int, n: int, seconds: float) -> tuple[list[float], Counter[str]]:
    """Let so many clients ask at once."""
    latencies: list[float] = []
    found: Counter[str] = Counter()
    until = time.monotonic() + seconds
    await asyncio.gather(*(client(port, 1 + i, clients, n, until, latencies, found) for i in range(clients)))
    return latencies, found


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def report(name: str, latencies: list[float], found: Counter[str], seconds: float) -> float:
    """Print one line and return the requests answered in a second."""
    rate = found["answered"] / seconds
    p50, p99 = (1000 * np.quantile(latencies, q) for q in (0.5, 0.99))
    print(
        f"{name}: {rate:,.0f} requests/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, asked {found['asked']:,}, answered "
        f"{found['answered']:,}, refused {found['refused']}, lost {found['lost']}"
    )
    return rate


def main() -> None:
    """Serve, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--n", type=int, default=1)
    parser.add_argument("--port", type=int, default=8799)
    args = parser.parse_args()
    command = [sys.executable, "-m", "faussaire", "serve", str(args.run), "--port", str(args.port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        asyncio.run(load(args.port, 1, args.n, 4.0))  # the first request loads torch and the generator
        seconds = args.seconds / 4
        one = report("one by one", *asyncio.run(load(args.port, 1, args.n, seconds)), seconds)
        before = memory_mib(server.pid)
        many = report(
            f"{args.clients} clients", *asyncio.run(load(args.port, args.clients, args.n, args.seconds)), args.seconds
        )
        print(f"throughput x {many / one:.1f}; memory {before:.0f} -> {memory_mib(server.pid):.0f} MiB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
