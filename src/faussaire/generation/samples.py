"""Samples on the disk: a picture, a folder with a file for each, one file of all, or an array; in flat memory.

Nothing half written is left behind, whatever ends the writing: a full disk, Ctrl-C, an error.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array_header_1_0

from faussaire.core.errors import ConfigError
from faussaire.core.files import make_folder, replacing, sync
from faussaire.generation.generator import Generator
from faussaire.modalities import Modality
from faussaire.modalities.spec import Samples, floats

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
ARRAY, PICTURE, FOLDER, FORM = "array", "picture", "folder", "form"
GRID_LIMIT = 10_000
GRID_PIXELS = 150_000_000  # of a grid: half a gigabyte of memory, and within what each of these formats can hold
REMEDY = "nothing of it is left there; make room, or choose another --out"


def write_samples(
    generator: Generator, out: str | Path, *, n: int, seed: int, truncation: float, label: str | None = None
) -> str:
    """Write `n` samples, all of the class `label` if given, to `out`, and return what they are, in words.

    `.npy` is uint8 `[n, H, W, C]`, a picture's suffix is a grid, that of a form of the modality one file with all
    samples in a row. No suffix, a slash at the end, or a folder that is there already is a folder with a file for each
    sample and form, in which other files are left alone.

    Raises:
        ConfigError: a suffix that is none of these, a place that cannot be written, or a number out of its range.
        CheckpointError: the disk is full, or the like; nothing half written is left.
    """
    forms = {form.suffix: form for form in generator.modality.forms}
    kind, path = kind_of(out, forms), Path(out)
    pieces = generator.chunks(n, seed=seed, truncation=truncation, label=label)
    if kind == PICTURE:
        _check_grid(n, generator)
    with _folder(path if kind == FOLDER else path.parent):
        if kind == ARRAY:
            _write_array(path, pieces, n, generator.modality)
        elif kind == FORM:
            with replacing(path, remedy=REMEDY) as beside:
                arrays = [generator.modality.to_array(piece) for piece in pieces]
                beside.write_bytes(forms[path.suffix.lower()].encode(np.concatenate(arrays)))
        elif kind == PICTURE:
            with replacing(path, remedy=REMEDY) as beside:
                generator.modality.write_grid(beside, np.concatenate([floats(piece) for piece in pieces]))
        else:
            _write_folder(path, pieces, seed, generator.modality)
    of_class = "" if label is None else f" of the class {generator.spec.classes[generator.class_number(label)]}"
    return f"{n:,} samples{of_class}"


def kind_of(out: str | Path, forms: Collection[str] = ()) -> str:
    """Return what is to be written to `out`; `forms` are the suffixes of the files that samples can be written as.

    Raises:
        ConfigError: its suffix is that of something else.
    """
    text, path = str(out), Path(out)
    suffix = path.suffix.lower()
    if not text:
        raise ConfigError("--out is empty: name a picture (grid.png), an array (samples.npy) or a folder (DIR/)")
    if text.endswith(("/", os.sep)) or not suffix or path.is_dir():
        return FOLDER
    if suffix == ".npy":
        return ARRAY
    if suffix in PICTURES:
        return PICTURE
    if suffix in forms:
        return FORM
    files = "".join(f"a file (all{form}), " for form in forms if form not in PICTURES)
    raise ConfigError(
        f"--out {text}: write {files}a picture (grid.png), an array (samples.npy) or a folder, which ends in a slash "
        f"({text}/)"
    )


def _check_grid(n: int, generator: Generator) -> None:
    modality = generator.modality
    tile = modality.tiles(modality.to_array(np.zeros((1, *generator.spec.shape), np.float32)), 1)
    height, width = tile.shape[1:3]
    most = min(GRID_LIMIT, GRID_PIXELS // (height * width))
    if n > most:
        raise ConfigError(f"a picture holds at most {most:,} samples of {height}x{width}, not {n:,}: use --out DIR/")


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder to write in, and those above it; take back what was made where the writing fails."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    make_folder(path)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it holds something now
            for folder in made:
                folder.rmdir()
        raise


def _write_array(out: Path, pieces: Iterable[Samples], n: int, modality: Modality) -> None:
    """Write an array piece by piece, so that a million samples need no more memory than a hundred.

    The file grows as it is written: one that is mapped at its full length ends the process where the disk is full.
    """
    with replacing(out, remedy=REMEDY) as beside, beside.open("wb") as file:
        for number, piece in enumerate(map(modality.to_array, pieces)):
            if number == 0:
                _check_room(out, n * piece[0].nbytes)
                header = {"descr": piece.dtype.str, "fortran_order": False, "shape": (n, *piece.shape[1:])}
                write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(piece).data)
        sync(file)


def _check_room(out: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if num_bytes > free:
        raise ConfigError(
            f"no room for {out}: it takes {num_bytes / 2**30:,.2f} GiB, and {free / 2**30:,.2f} are free there; "
            "choose another --out, or a smaller -n"
        )


def _write_folder(out: Path, pieces: Iterable[Samples], seed: int, modality: Modality) -> None:
    """Write a file of each form for each sample; where that fails, take back those that were not there before."""
    samples = (np.asarray([array]) for piece in pieces for array in modality.to_array(piece))
    fresh: list[Path] = []
    try:
        for (index, sample), form in ((one, form) for one in enumerate(samples) for form in modality.forms):
            path = out / f"seed{seed}-{index:06d}{form.suffix}"
            if not path.exists():
                fresh.append(path)
            with replacing(path, remedy=REMEDY) as beside:
                beside.write_bytes(form.encode(sample))
    except BaseException:
        for path in fresh:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise
