"""What the files of a generator may hold, checked before anything of them is used: they may be a stranger's.

Nothing is read that is larger than it may be, no link is followed out of the folder, no pickle is opened, and memory is
only asked for once the header of the weights is that of the network which the description speaks of. What is refused is
told in a sentence.
"""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faussaire.core.config import WHOLE
from faussaire.core.errors import CheckpointError

DESCRIPTION = "config.json"
GENERATOR_TENSORS, HUB_TENSORS = "generator.safetensors", "model.safetensors"
WEIGHTS = (GENERATOR_TENSORS, HUB_TENSORS)
MAX_DESCRIPTION_BYTES = 4 << 20
MAX_HEADER_BYTES = 1 << 20
MAX_WEIGHTS_BYTES = 2 << 30
MAX_NUMBERS = 1 << 27
"""Numbers in a sample: eight minutes of stereo sound, or a colour image of 6,600 pixels a side."""

PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".dill")
"""Files that run the code of whoever made them, where a careless program opens them."""

FIELDS = {"format", "name", "architecture", "z_dim", "width", "spec", "class_shares"}
OLDER = {"class_shares", "width"}
"""Fields that generators of earlier versions lack."""

DTYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Bytes of a number, by the names of number types in safetensors."""


def refuse(what: str) -> None:
    """Raise CheckpointError."""
    raise CheckpointError(what)


def check_folder(folder: Path) -> None:
    """Raise CheckpointError where a folder holds a pickle: nobody who packs a generator with one can be trusted."""
    for entry in folder.iterdir():
        if entry.suffix.lower() in PICKLES:
            refuse(f"{folder} holds {entry.name}, a pickle, which runs a stranger's code when it is opened: remove it")


def check_file(path: Path, *, at_most: int) -> None:
    """Check that something is a file of at most so many bytes, which lies in its folder.

    Raises:
        CheckpointError: it is a link that leads elsewhere, no file, or too large.
    """
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        refuse(f"{path} is a link that leads out of its folder: it is not followed")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        refuse(f"{path} is no file")
    if found.st_size > at_most:
        refuse(f"{path} has {found.st_size:,} bytes, and no generator of faussaire has more than {at_most:,} there")


def read_description(path: Path) -> dict[str, Any]:
    """Read a config.json, and check every field of it.

    Raises:
        CheckpointError: it is not that of a generator.
        OSError, ValueError, KeyError, TypeError: likewise.
    """
    check_file(path, at_most=MAX_DESCRIPTION_BYTES)
    described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(described, dict):
        refuse(f"{path} describes no generator: it is no JSON object")
    if unknown := sorted(described.keys() - FIELDS):
        refuse(f"{path} has a field that no generator has, {unknown[0]!r}: it is not one of faussaire's")
    if lacking := sorted(FIELDS - OLDER - described.keys()):
        refuse(f"{path} does not say the {lacking[0]} of the generator")
    sample, shares = described["spec"], described.get("class_shares", [])
    if not isinstance(sample, dict) or sample.keys() - {"modality", "shape", "classes", "facts"}:
        refuse(f"{path} does not say what a sample is")
    for name in ("name", "architecture"):
        _check(isinstance(described[name], str) and len(described[name]) < 1000, path, name)
    _check_whole(described["z_dim"], *WHOLE["z_dim"], path=path, name="z_dim")
    if described.get("width") is not None:
        _check_whole(described["width"], *WHOLE["width"], path=path, name="width")
    shape, classes = sample.get("shape"), sample.get("classes")
    _check(isinstance(sample.get("modality"), str), path, "modality")
    _check(isinstance(shape, list) and 1 <= len(shape) <= 8, path, "shape")
    for side in shape:
        _check_whole(side, 1, MAX_NUMBERS, path=path, name="shape")
    _check(math.prod(shape) <= MAX_NUMBERS, path, "shape")
    _check(isinstance(classes, list) and all(isinstance(name, str) for name in classes), path, "classes")
    _check(isinstance(sample.get("facts", {}), dict), path, "facts")
    _check(isinstance(shares, list) and len(shares) in (0, len(classes)), path, "class_shares")
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) and 0 <= x < math.inf for x in shares)
    _check(numbers and (not shares or sum(shares) > 0), path, "class_shares")
    return described


def _check_whole(value: object, least: int, most: int, *, path: Path, name: str) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    _check(whole and least <= value <= most, path, name)  # type: ignore[operator]


def _check(holds: bool, path: Path, name: str) -> None:
    if not holds:
        refuse(f"{path} has a {name} that no generator can have")


def check_weights(path: Path, expected: Mapping[str, tuple[str, Sequence[int]]]) -> None:
    """Check by its header alone that a file of safetensors holds the tensors of a network, and nothing else.

    Args:
        path: the file.
        expected: number type, as safetensors has it, and shape of every tensor by its name.

    Raises:
        CheckpointError: it does not.
        OSError, ValueError, KeyError, TypeError: its header cannot be read.
    """
    asked = sum(math.prod(shape) * DTYPES[dtype] for dtype, shape in expected.values())
    if asked > MAX_WEIGHTS_BYTES:
        refuse(f"the generator beside {path} would take {asked / 2**30:,.1f} GiB of weights: none of faussaire's does")
    check_file(path, at_most=8 + MAX_HEADER_BYTES + MAX_WEIGHTS_BYTES)
    header, header_bytes = _header(path)
    if lacking := sorted(expected.keys() - header.keys()):
        refuse(f"{path} lacks the weights {lacking[0]!r} of the network that the description speaks of")
    if more := sorted(header.keys() - expected.keys()):
        refuse(f"{path} holds {more[0]!r}, which the network that the description speaks of does not have")
    for name, (dtype, shape) in expected.items():
        told = header[name]
        if told["dtype"] != dtype or list(told["shape"]) != list(shape):
            refuse(f"{path} holds {name!r} as {told['dtype']} {told['shape']}, not as {dtype} {list(shape)}")
    if path.stat().st_size != 8 + header_bytes + asked:
        refuse(f"{path} does not have the {asked:,} bytes of weights that its header speaks of: it is damaged")


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Read the header of a file of safetensors, without its metadata; return it and how many bytes it has."""
    with path.open("rb") as file:
        num_bytes = int.from_bytes(file.read(8), "little")
        if num_bytes > MAX_HEADER_BYTES:
            refuse(f"{path} cannot be loaded: its header claims {num_bytes:,} bytes, and none has {MAX_HEADER_BYTES:,}")
        header = json.loads(file.read(num_bytes))
    if not isinstance(header, dict):
        refuse(f"{path} cannot be loaded: its header is no JSON object")
    header.pop("__metadata__", None)
    return header, num_bytes
