"""Folders of generators as damage or a stranger may leave them, and what becomes of whoever loads one."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import resource
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faussaire.core.errors import FaussaireError
from faussaire.generation.generator import Generator

MOST_BYTES = 2**30
MOST_SECONDS = 5.0  # of the processor
WEIGHTS, DESCRIPTION = "generator.safetensors", "config.json"
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1e308, float("nan"), float("inf"), "", "x", "../../etc/passwd",
    "/dev/zero", "\x00", "a" * 100_000, [], [[]], {}, {"a": 1}, [1] * 1000, [10**9] * 3, ["x"] * 5, "conv", "os.system",
    "__import__('os')",
)  # fmt: skip


def flip_bytes(folder: Path, draw: random.Random) -> None:
    """Change some bytes of one of the files."""
    path = folder / draw.choice([WEIGHTS, DESCRIPTION])
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice([1, 1, 4, 64])):
        content[draw.randrange(len(content) if draw.random() < 0.5 else min(len(content), 2000))] = draw.randrange(256)
    path.write_bytes(content)


def cut(folder: Path, draw: random.Random) -> None:
    """Cut one of the files short, or make it longer."""
    path = folder / draw.choice([WEIGHTS, DESCRIPTION])
    size = path.stat().st_size
    os.truncate(path, draw.choice([0, 7, 8, draw.randrange(size), size + draw.randrange(1, 10_000), 10 * 2**30]))


def odd_field(folder: Path, draw: random.Random) -> None:
    """Give one field of the description an odd value, or another name, or add or remove one."""
    told = json.loads((folder / DESCRIPTION).read_text())
    part = told if draw.random() < 0.6 else told["spec"]
    name = draw.choice(sorted(part))
    way = draw.randrange(4)
    if way == 0:
        part.pop(name)
    elif way == 1:
        part[draw.choice(["code", "trust_remote_code", "auto_map", "__reduce__", "path"])] = draw.choice(ODD)
    elif way == 2 and isinstance(part[name], list) and part[name]:
        part[name][draw.randrange(len(part[name]))] = draw.choice(ODD)
    else:
        part[name] = draw.choice(ODD)
    (folder / DESCRIPTION).write_text(json.dumps(told))


def odd_header(folder: Path, draw: random.Random) -> None:
    """Write another header of the weights: of other shapes, types, places or names, or of a false length."""
    content = (folder / WEIGHTS).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    name = draw.choice(sorted(header))
    entry = header[name]
    way = draw.randrange(7)
    if way == 0:
        header[draw.choice(["../../x", "/etc/passwd", "a" * 5000, "x\x00y"])] = header.pop(name)
    elif way == 1 and "shape" in entry:
        entry["shape"] = draw.choice([[], [0], [2**40, 2**40], [-1], [1] * 1000, entry["shape"][::-1], "x", None])
    elif way == 2 and "dtype" in entry:
        entry["dtype"] = draw.choice(["F64", "BF16", "U8", "OBJECT", "", None, 7])
    elif way == 3 and "data_offsets" in entry:
        entry["data_offsets"] = draw.choice([[0, 2**63], [-8, 0], [10, 5], [0, 0], [], "x", [0.5, 1.5]])
    elif way == 4:
        header[name] = draw.choice(ODD[:20])
    elif way == 5:
        header |= {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(5_000)}
    text = json.dumps(header).encode()
    told = len(text)
    if way == 6:
        told = draw.choice([0, 1, len(text) - 3, len(text) + 3, 10 * 2**30, 2**63, 2**64 - 1, 99_000_000])
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", told) + text + rest)


def other_file(folder: Path, draw: random.Random) -> None:
    """Put something else in the place of a file: nothing, a folder, a pipe, a link, a pickle that runs code."""
    path = folder / draw.choice([WEIGHTS, DESCRIPTION])
    path.unlink()
    way = draw.randrange(7)
    if way == 1:
        path.mkdir()
    elif way == 2:
        os.mkfifo(path)
    elif way == 3:
        path.symlink_to(draw.choice(["/dev/zero", "/etc/passwd", path.name, "nowhere", "/dev/stdin", "/"]))
    elif way == 4:
        path.write_bytes(pickle.dumps(Trap(folder.parent / "trapped")))
    elif way == 5:
        path.write_bytes(b"[" * 200_000)
    elif way == 6:
        path.write_bytes(draw.randbytes(draw.choice([1, 100, 100_000])))


class Trap:
    """Code that runs where this is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        """Leave a mark."""
        return os.mkdir, (str(self.marker),)


WAYS = (flip_bytes, cut, odd_field, odd_field, odd_header, odd_header, other_file)


def spoilt_models(good: Path, scratch: Path, n: int, draw: random.Random) -> int:
    """Load `n` spoilt copies of a folder; return how many gave a clear error or a generator that works.

    None may take long, run code, or let the process grow beyond a GiB.
    """
    before, survived, loaded, slowest = peak_bytes(), 0, 0, (0.0, "")
    for _ in range(n):
        folder = scratch / "generator"
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(good, folder)
        way = draw.choice(WAYS)
        way(folder, draw)
        began = time.process_time()
        try:
            Generator.load(scratch).sample(2)
            fault, loaded = "", loaded + 1
        except FaussaireError as error:
            fault = "" if "\n" not in str(error) else "more than one line"
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        took = time.process_time() - began  # the wall's clock would count what else the machine does
        slowest = max(slowest, (took, way.__name__))
        if took > MOST_SECONDS:
            fault = fault or f"it took {took:.1f} s of the processor"
        if (scratch / "trapped").exists():
            fault = "code was executed"
        if peak_bytes() > MOST_BYTES:
            fault = "it took too much memory"
        if fault:
            print(f"NOT SURVIVED: {way.__name__}: {fault[:500]}", flush=True)
        survived += not fault
    grown, most = (peak_bytes() - before) / 2**20, peak_bytes() / 2**20
    print(f"{loaded} of {n} spoilt folders still gave a generator; peak memory grew by {grown:.0f} to {most:.0f} MiB")
    print(f"the slowest took {slowest[0]:.2f} s of the processor: {slowest[1]}", flush=True)
    return survived


def peak_bytes() -> int:
    """Return the most memory that this process ever had; what `getrusage` says begins with what its parent had."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * int(re.findall(r"VmHWM:\s*(\d+)", status.read_text())[0])
