"""A class without people: pupils who answer, vote and watch the board at once; then everything is counted again.

    python benchmarks/classroom.py [--pupils 30] [--seconds 180] [--kill]
    python benchmarks/classroom.py --coverage [--repetitions 1000]

The server is a real one, `faussaire class`, in a process of its own. Each pupil has a connection and a pseudonym that
wants to be more than text, looks at each picture, and keeps what was acknowledged. One request in twenty is cut off
after it was sent, and sent again: what counts must not depend on it. With --kill the server is killed by SIGKILL in the
middle, and started again. At the end the board is compared with what the pupils know: each score, each fooled pupil,
and the strengths, fitted here by another algorithm (MM: Hunter 2004, Ann. Stat. 32, 384, section 3).

--coverage draws votes for runs of known strength, and counts how often the intervals hold it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.core.intervals import wilson
from faussaire.evaluation.bradley_terry import PRIOR_VOTES, bradley_terry

FORGERS = 6
KIMG = 1
CUT_OFF_ONE_IN = 20
VOTE_ONE_IN = 4
BOARD_SECONDS = 2.0
PAUSE_SECONDS = (0.3, 1.5)  # a pupil looks at a picture for so long
PATIENCE_SECONDS = 300.0  # a server that starts again on a busy machine
WANTS_MORE = (
    "<script>alert(1)",
    "<img src=x>",
    "{{7*7}}",
    "\u202eevil",
    "'; DROP --",
    "&lt;b&gt;",
    "\u0645\u0631\u062d\u0628\u0627",
)
ANSWERED = re.compile(rb"HTTP/1\.1 (\d+) ")
LENGTH = re.compile(rb"(?i)content-length: (\d+)\r\n")
COOKIE = re.compile(rb"(?i)set-cookie: (class_\w+=[^;]+)")


@dataclass
class Client:
    """One connection, opened again where it is lost."""

    port: int
    cookie: str = ""
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, content: Any = None, *, cut_off: bool = False) -> tuple[int, bytes]:
        """Ask until there is an answer that is one; `cut_off` hangs up once before it comes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                status, body = await self._ask(path, content, cut_off)
                if status not in (429, 503):
                    return status, body
            except (OSError, asyncio.IncompleteReadError):
                self.hang_up()
            cut_off = False
            await asyncio.sleep(0.3)
        raise TimeoutError(path)

    async def _ask(self, path: str, content: Any, cut_off: bool) -> tuple[int, bytes]:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        body = b"" if content is None else json.dumps(content).encode()
        kind = "GET" if content is None else "POST"
        head = f"{kind} {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        await writer.drain()
        if cut_off:
            raise OSError("cut off")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        status, length = ANSWERED.match(answer), LENGTH.search(answer)
        assert status is not None, answer
        assert length is not None, answer
        if found := COOKIE.search(answer):
            self.cookie = found[1].decode()
        return int(status[1]), await asyncio.wait_for(reader.readexactly(int(length[1])), 30)

    def hang_up(self) -> None:
        """Lose the connection."""
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


@dataclass
class Pupil:
    """A pupil, and what the server has acknowledged."""

    number: int
    client: Client
    rng: np.random.Generator
    id: int = 0
    name: str = ""
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    votes: dict[int, dict[str, Any]] = field(default_factory=dict)

    async def join(self) -> None:
        """Join under a name that is safe only as text."""
        sent = f"{WANTS_MORE[self.number % len(WANTS_MORE)]} {self.number}"
        status, body = await self.client.ask("/api/class/join", {"name": sent})
        assert status == 201, body
        self.name = json.loads(body)["name"]
        self.id = json.loads((await self.client.ask("/api/class/me"))[1])["id"]

    async def take_part(self, until: float) -> None:
        """Answer and vote until the lesson is over."""
        while time.monotonic() < until:
            if self.rng.integers(VOTE_ONE_IN):
                await self._do("quiz", ".png", lambda: {"said_real": bool(self.rng.integers(2))}, self.answers)
            else:
                await self._do("vote", "/left.png", lambda: {"better": self.rng.choice(["left", "right"])}, self.votes)
            await asyncio.sleep(float(self.rng.uniform(*PAUSE_SECONDS)))

    async def _do(self, what: str, picture: str, say: Any, kept: dict[int, dict[str, Any]]) -> None:
        status, body = await self.client.ask(f"/api/class/{what}")
        assert status == 200, body
        number = json.loads(body)["number"]
        if number is None:
            return  # this one has seen everything
        status, png = await self.client.ask(f"/api/class/{what}/{number}{picture}")
        assert (status, png[:4]) == (200, b"\x89PNG"), (status, png[:200])
        cut_off = self.rng.integers(CUT_OFF_ONE_IN) == 0
        status, body = await self.client.ask(f"/api/class/{what}/{number}", say(), cut_off=cut_off)
        assert status == 200, body
        kept[number] = json.loads(body)

    async def watch(self, until: float) -> None:
        """Look at the board again and again, by another connection."""
        client = Client(self.client.port, self.client.cookie)
        while time.monotonic() < until:
            await client.ask("/api/class/board")
            await asyncio.sleep(BOARD_SECONDS)
        client.hang_up()


class Server:
    """`faussaire class`, and its memory."""

    def __init__(self, data: str, runs: Path, port: int) -> None:
        self.command = [sys.executable, "-m", "faussaire", "class", data, "--runs", str(runs), "--port", str(port)]
        self.command += ["--minutes", "0", "--host", "127.0.0.1"]
        self.memory: list[float] = []
        self.start()

    def start(self) -> None:
        """Start, and wait until the link for the teacher is there."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = [self.process.stdout.readline() for _ in range(2)]
        self.secret = said[1].rpartition("/")[2].strip()

    def kill(self) -> None:
        """End at once, as by a power cut but for the disk, and start again."""
        self.end(signal.SIGKILL)
        self.memory.clear()
        self.start()

    def end(self, number: int = signal.SIGTERM) -> None:
        """End."""
        self.process.send_signal(number)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    async def weigh(self, until: float, kill_at: float | None) -> None:
        """Note the resident memory once a second; kill the server when it is time."""
        while not self.memory or time.monotonic() < until:
            if kill_at is not None and time.monotonic() > kill_at:
                kill_at = None
                await asyncio.to_thread(self.kill)
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
            self.memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            await asyncio.sleep(1)


async def lesson(server: Server, pupils: list[Pupil], seconds: float, kill: bool) -> dict[str, Any]:
    """Let all take part at once; return the board."""
    first = Client(pupils[0].client.port)
    await first.ask(f"/teacher/{server.secret}")
    await asyncio.gather(*(pupil.join() for pupil in pupils))
    while json.loads((await first.ask("/api/class/board"))[1])["runs"][-1]["plays"] is False:
        await asyncio.sleep(0.5)  # the pictures are being made
    began = time.monotonic()
    until = began + seconds
    work = [pupil.take_part(until) for pupil in pupils] + [pupil.watch(until) for pupil in pupils]
    await asyncio.gather(server.weigh(until, began + seconds / 2 if kill else None), *work)
    await asyncio.sleep(1.1)  # the board is at most a second old
    teacher = Client(first.port)
    await teacher.ask(f"/teacher/{server.secret}")
    pages = [(await client.ask(path))[1].decode() for client, path in ((teacher, "/teacher"), (pupils[0].client, "/"))]
    for text in pages:
        assert not any(name in text for name in WANTS_MORE if set(name) & set("<&'")), "a name stands in a page as HTML"
    board: dict[str, Any] = json.loads((await teacher.ask("/api/class/board"))[1])
    for client in (first, teacher, *(pupil.client for pupil in pupils)):
        client.hang_up()
    return board


def recount(board: dict[str, Any], pupils: list[Pupil]) -> int:
    """Compare the board with what the pupils know; return how many figures differ."""
    shown = {row["id"]: row for row in board["pupils"]}
    wrong = len(shown) != len(pupils)
    fooled: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    wins: Counter[tuple[str, str]] = Counter()
    for pupil in pupils:
        right, of = sum(answer["right"] for answer in pupil.answers.values()), len(pupil.answers)
        row = shown[pupil.id]
        bounds = wilson(right, of) if of else None
        wanted = (right, of, *((round(bounds.low, 4), round(bounds.high, 4)) if bounds else (0.0, 1.0)))
        wrong += wanted != (row["right"], row["of"], row["low"], row["high"])
        for answer in pupil.answers.values():
            assert answer["right"] == (answer["said_real"] == answer["real"])
            if not answer["real"]:
                fooled[answer["run"]][0] += answer["said_real"]
                fooled[answer["run"]][1] += 1
        for vote in pupil.votes.values():
            wins[vote["won"], vote["right"] if vote["won"] == vote["left"] else vote["left"]] += 1
    rows = {run["id"]: run for run in board["runs"]}
    wrong += sum([rows[run]["fooled"]["right"], rows[run]["fooled"]["of"]] != counts for run, counts in fooled.items())
    wrong += board["votes"] != sum(wins.values())
    chances = by_mm(wins)
    return wrong + sum(abs(rows[run]["strength"]["value"] - chance) > 2e-4 for run, chance in chances.items())


def by_mm(wins: Counter[tuple[str, str]]) -> dict[str, float]:
    """Fit the same model by minorisation and maximisation: each strength anew, the others held, again and again."""
    runs = sorted({run for pair in wins for run in pair})
    strength = np.ones(len(runs))
    table = np.array([[wins[a, b] for b in runs] for a in runs], float)
    for _ in range(20_000):
        meetings = (table + table.T) / (strength[:, None] + strength[None, :])
        strength = (table.sum(1) + PRIOR_VOTES) / (meetings.sum(1) + 2 * PRIOR_VOTES / (strength + 1))
    return dict(zip(runs, strength / (strength + 1), strict=True))


def coverage(repetitions: int) -> None:
    """Print how often the intervals of the strengths hold the truth."""
    rng = np.random.default_rng(0)
    for runs, votes, spread in ((6, 60, 1.0), (20, 100, 1.0), (20, 600, 1.0), (30, 600, 1.5)):
        held = total = 0
        for _ in range(repetitions):
            theta = rng.normal(0, spread, runs)
            for _ in range(30):  # strength 0 is that against which the chances average to one half
                chance = 1 / (1 + np.exp(-theta))
                theta -= (chance.mean() - 0.5) / (chance * (1 - chance)).mean()
            pairs = np.array([rng.choice(runs, 2, replace=False) for _ in range(votes)])
            won = rng.random(votes) < 1 / (1 + np.exp(theta[pairs[:, 1]] - theta[pairs[:, 0]]))
            table = np.zeros((runs, runs))
            np.add.at(table, (np.where(won, *pairs.T), np.where(won, *pairs.T[::-1])), 1)
            for estimate, truth in zip(bradley_terry(table), 1 / (1 + np.exp(-theta)), strict=True):
                held += estimate.low <= truth <= estimate.high
                total += 1
        found = wilson(held, total)
        share, low, high = (f"{100 * one:.1f}" for one in (found.value, found.low, found.high))
        print(f"{runs} runs, {votes} votes, spread {spread}: {share} % [{low}, {high}] of intervals hold the truth")


def forgers(data: str, runs: Path, copied: Path | None) -> None:
    """Put some runs into the folder of the class."""
    for number in range(FORGERS):
        if copied is not None:
            shutil.copytree(copied, runs / f"copy-{number}")
        else:
            command = [sys.executable, "-m", "faussaire", "train", data, "--run", str(runs / f"run-{number}")]
            subprocess.run([*command, "--kimg", str(KIMG), "--seed", str(number)], check=True, capture_output=True)


def main() -> None:
    """Run a lesson and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--copy", type=Path, help="a run to copy, where none shall be trained")
    parser.add_argument("--kill", action="store_true", help="kill the server in the middle")
    parser.add_argument("--port", type=int, default=8798)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--repetitions", type=int, default=1000)
    args = parser.parse_args()
    if args.coverage:
        coverage(args.repetitions)
        return
    with tempfile.TemporaryDirectory() as folder:
        forgers(args.data, Path(folder), args.copy)
        server = Server(args.data, Path(folder), args.port)
        pupils = [Pupil(i, Client(args.port), np.random.default_rng(i)) for i in range(args.pupils)]
        try:
            board = asyncio.run(lesson(server, pupils, args.seconds, args.kill))
        finally:
            server.end()
        size = sum(path.stat().st_size for path in Path(folder).glob("class.sqlite*")) / 2**20
    answers, votes = sum(len(p.answers) for p in pupils), sum(len(p.votes) for p in pupils)
    wrong, memory = recount(board, pupils), server.memory
    third = memory[len(memory) // 3 :]
    print(
        f"{args.pupils} pupils, {args.seconds:g} s: {answers} answers and {votes} votes acknowledged, "
        f"{answers - board['answers']} and {votes - board['votes']} lost; {wrong} figures of the board wrong"
    )
    print(
        f"memory {third[0]:.0f} MiB after a third, {memory[-1]:.0f} at the end, {max(memory):.0f} at most; "
        f"store {size:.1f} MiB"
    )
    sys.exit(bool(wrong or answers != board["answers"] or votes != board["votes"]))


if __name__ == "__main__":
    main()
