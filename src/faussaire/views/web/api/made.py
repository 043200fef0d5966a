"""Pages that travel, made when they are asked for.

A page is made by `faussaire export` in a process of its own, with one thread, so that neither requests nor a training
wait for it: one at a time, a few in line, and each is kept until its generator is written anew. Never in `--public`:
it costs seconds of a core, and who may have the weights is for the owner to say.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from faussaire.core.errors import RequestError
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api.generators import written

MOST_SECONDS = 300.0
MOST_WAITING = 4
KEPT = 2  # pages in memory, of some megabytes each


@dataclass(eq=False)
class Pages:
    """Makes pages, one at a time."""

    title: str = ""
    """Of the pages, if not their own."""

    kept: OrderedDict[tuple[Path, bool, int], bytes] = field(default_factory=OrderedDict)
    """By run, with reals or not, and time when its generator was written."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0

    async def of(self, run: RunFolder, *, with_reals: bool) -> bytes:
        """Return the page of a run as it was last saved.

        Raises:
            RequestError: too many wait, or none can be made of it.
        """
        key = (run.path, with_reals, written(run))
        if key not in self.kept:
            if self.waiting >= MOST_WAITING:
                raise RequestError(503, "other pages are being made: try again in a moment")
            self.waiting += 1
            try:
                async with self.turn:
                    if key not in self.kept:  # whoever was before may have asked for the same
                        self.kept[key] = await _made(run, with_reals, self.title)
            finally:
                self.waiting -= 1
        self.kept.move_to_end(key)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return self.kept[key]


async def _made(run: RunFolder, with_reals: bool, title: str) -> bytes:
    """Let a process make a page."""
    with tempfile.TemporaryDirectory(prefix="faussaire-page-") as folder:
        out = Path(folder) / "page.html"
        command = [sys.executable, "-m", "faussaire", "export", str(run.path), str(out), "--to", "page"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *(["--with-reals"] if with_reals else []),
            *([f"--title={title}"] if title else []),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(MOST_SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            raise RequestError(503, "the page took more than {most} seconds: try again", most=MOST_SECONDS) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            logging.getLogger("uvicorn.error").error(said.decode(errors="replace").strip())
            raise RequestError(409, "no page can be made of this run: the terminal of the server says why")
        return await asyncio.to_thread(out.read_bytes)
