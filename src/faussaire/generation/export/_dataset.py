"""Many samples on the disk: drawn in parts, written as they come, taken up where they broke off."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from faussaire import __version__
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.core.files import make_folder, replacing, write_atomically
from faussaire.core.suggestions import typed
from faussaire.generation.export._exporter import Progress, Source
from faussaire.generation.export.dataset import Options
from faussaire.generation.generator import CHUNK, Generator
from faussaire.modalities.spec import Samples

ARRAYS, PROVENANCE, LABELS = ".npz", "provenance.json", "labels.csv"
FORMAT = 1
REMEDY = "make room, and the same command goes on"
SINCE = (1980, 1, 1, 0, 0, 0)  # in the archive: the same samples give the same bytes

Part = tuple[int, Samples, np.ndarray | None]
"""The number of its first sample, samples `[at most 256, *shape]`, and classes `[n]` where they are known."""


def write_dataset(source: Source, out: Path, options: Options, *, progress: Progress) -> list[str]:
    """Write a data set, or what is missing of it, and return what there is to say.

    Raises:
        ConfigError: the generator knows no classes, or there is something else at `out`.
        CheckpointError: the disk is full, or the like; the same command goes on.
    """
    generator = source.generator
    if options.balanced and not generator.class_shares:
        raise ConfigError(f"--balanced: the generator of {generator.name} knows no classes: train one --conditional")
    label = None if options.label is None else generator.class_number(options.label)
    as_arrays = out.suffix.lower() == ARRAYS and not out.is_dir()
    facts = _facts(source, options, label)
    beside = out.with_name(f"{out.stem}.{PROVENANCE}") if as_arrays else out / PROVENANCE
    make_folder(out.parent if as_arrays else out)
    _begin(out, beside, facts)
    if as_arrays:
        _write_arrays(out, generator, options, label, progress)
    else:
        _write_files(out, generator, options, label, progress)
    _tell(beside, facts, complete=True)
    classes = f" of {len(generator.spec.classes):,} classes" if generator.class_shares else ""
    return [f"{options.n:,} samples{classes}", f"Where they come from: {beside}"]


def _facts(source: Source, options: Options, label: int | None) -> dict[str, Any]:
    """Return what the samples depend on."""
    generator = source.generator
    return {
        "format": FORMAT,
        "generator": {"name": generator.name, "digest": source.digest, "nimg": generator.nimg},
        "recipe": source.settings,
        "n": options.n,
        "seed": options.seed,
        "truncation": options.truncation,
        "class": None if label is None else generator.spec.classes[label],
        "balanced": options.balanced,
        "classes": list(generator.spec.classes) if generator.class_shares else [],
        "modality": generator.spec.modality,
        "shape": list(generator.spec.shape),
        "faussaire": __version__,
    }


def _begin(out: Path, beside: Path, facts: Mapping[str, Any]) -> None:
    """Make sure that what is there is a part of this data set, or nothing."""
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        told = None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{beside} cannot be read ({error}): choose another --out, or remove it") from None
    if told is None:
        if out.is_file() or (out.is_dir() and any(out.iterdir())):
            raise ConfigError(f"{out} is there, and is no data set that broke off: choose another --out, or remove it")
    elif others := [name for name in facts if told.get(name) != facts[name]]:
        raise ConfigError(
            f"{out} holds a data set of another {others[0]}: choose another --out, or remove it "
            f"(rm -r {typed(*dict.fromkeys((out, beside if beside.parent == out.parent else out)))})"
        )
    _tell(beside, facts, complete=False)


def _tell(beside: Path, facts: Mapping[str, Any], *, complete: bool) -> None:
    text = json.dumps({**facts, "complete": complete}, indent=2, ensure_ascii=False)
    write_atomically(beside, f"{text}\n".encode(), remedy=REMEDY)


def parts(
    generator: Generator, options: Options, label: int | None, *, skip: Callable[[int, int], bool]
) -> Iterator[Part]:
    """Make the samples in parts of up to 256, without those parts (first sample, samples) that are to be skipped."""
    for first, (z, labels) in zip(
        range(0, options.n, CHUNK), generator.inputs(options.n, options.seed, label), strict=True
    ):
        if skip(first, len(z)):
            continue
        numbers = None if labels is None else np.asarray(labels)
        if options.balanced:
            numbers = np.arange(first, first + len(z), dtype=np.int64) % len(generator.class_shares)
        given = None if numbers is None else generator.as_input(numbers)
        yield first, generator(z, given, options.truncation), numbers


def _write_files(out: Path, generator: Generator, options: Options, label: int | None, progress: Progress) -> None:
    """Write a file for each sample, and the table of their classes."""
    form = generator.modality.forms[0]

    def path(index: int) -> Path:
        return out / f"{index:06d}{form.suffix}"

    def is_there(first: int, count: int) -> bool:
        return all(path(index).is_file() for index in range(first, first + count))

    for first, samples, _ in parts(generator, options, label, skip=is_there):
        progress("writing samples", first, options.n)
        for index, array in enumerate(generator.modality.to_array(samples), first):
            with replacing(path(index), remedy=REMEDY) as beside:
                beside.write_bytes(form.encode(np.asarray([array])))
    if generator.class_shares:
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("file", "label"))
        classes = _classes(generator, options, label)
        rows.writerows((path(index).name, generator.spec.classes[one]) for index, one in enumerate(classes))
        write_atomically(out / LABELS, table.getvalue().encode(), remedy=REMEDY)


def _classes(generator: Generator, options: Options, label: int | None) -> Iterator[int]:
    """Give the class of every sample."""
    if options.balanced:
        yield from (index % len(generator.class_shares) for index in range(options.n))
        return
    for _, labels in generator.inputs(options.n, options.seed, label):
        yield from np.asarray(labels).tolist()


def _write_arrays(out: Path, generator: Generator, options: Options, label: int | None, progress: Progress) -> None:
    """Write one archive, by way of a folder of parts, which is gone in the end."""
    folder = out.with_name(f".tmp-{out.stem}.parts")
    make_folder(folder)

    def part(first: int) -> Path:
        return folder / f"{first // CHUNK:06d}.npy"

    if not out.is_file():
        for first, samples, _ in parts(generator, options, label, skip=lambda first, count: part(first).is_file()):
            progress("making samples", first, options.n)
            with replacing(part(first), remedy=REMEDY) as beside, beside.open("wb") as file:
                npy.write_array(file, generator.modality.to_array(samples), allow_pickle=False)
        progress("packing them", options.n, options.n)
        with replacing(out, remedy=REMEDY) as beside, zipfile.ZipFile(beside, "w") as archive:
            _pack(archive, [part(first) for first in range(0, options.n, CHUNK)], options.n)
            if generator.class_shares:
                labels = np.fromiter(_classes(generator, options, label), np.int64, options.n)
                with _member(archive, "labels") as file:
                    npy.write_array(file, labels, allow_pickle=False)
                with _member(archive, "classes") as file:
                    npy.write_array(file, np.array(generator.spec.classes), allow_pickle=False)
    shutil.rmtree(folder)


def _pack(archive: zipfile.ZipFile, files: list[Path], n: int) -> None:
    """Lay the arrays of several files end to end as the one array `samples`, one in memory at a time."""
    first = np.load(files[0], allow_pickle=False)
    header = {"descr": npy.dtype_to_descr(first.dtype), "fortran_order": False, "shape": (n, *first.shape[1:])}
    with _member(archive, "samples") as member:
        npy.write_array_header_1_0(member, header)
        for file in files:
            array = np.load(file, allow_pickle=False)
            if array.dtype != first.dtype or array.shape[1:] != first.shape[1:]:
                raise CheckpointError(f"{file} is not of this data set: remove {file.parent}")
            member.write(np.ascontiguousarray(array).data)


def _member(archive: zipfile.ZipFile, name: str) -> Any:
    return archive.open(zipfile.ZipInfo(f"{name}.npy", SINCE), "w", force_zip64=True)
