"""Labels that lie in files beside the images, as the ecosystem has them.

    labels.csv                     file,label: faussaire's own; what it says must be right, or the data is refused
    dataset.json                   {"labels": [[name, number], …]} or null, of the StyleGAN family
    metadata.csv, metadata.jsonl   file_name and a label, of Hugging Face's imagefolder, in any folder
    0001.cls, 0001.json            beside 0001.jpg, of WebDataset
    any other .csv or .tsv         a file or id and a label, as Kaggle has them, if most of its rows name images here

Which image a name means stands in listed.py, what a table says in tables.py. The first of these that gives labels is
used, all tables of one kind together.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from faussaire.core.errors import DataError
from faussaire.core.names import shown
from faussaire.data.labels.labels import WrittenLabels, are_mostly_several, column_of_labels, no_labels, spelt
from faussaire.data.labels.layouts import labels_of_folders
from faussaire.data.labels.listed import Files
from faussaire.data.labels.patterns import labels_of_names
from faussaire.data.labels.references import DELIMITERS, Reference, text_lines
from faussaire.data.labels.tables import Table, content, parsed, read_table, reference

TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".json", ".cls", ".txt"})
"""What labels may stand in."""

_METADATA = ("metadata.csv", "metadata.jsonl")
_FEW_LISTS = 20  # texts looked at; more are captions of single images
_TRIED = 50  # of the files beside single images, to see whether they hold labels


def find_labels(files: Files) -> WrittenLabels:
    """Return the labels of images by what lies beside them, or else by their folders.

    Raises:
        DataError: a `labels.csv` at the root is not what it should be.
    """
    beside = find_beside(files)
    if beside is not None:
        return beside
    found = labels_of_folders(files.names, files.usable)
    labelled = any(label is not None for label in found.labels)
    by_names = None if labelled else labels_of_names(files.names, files.usable)
    if by_names is not None:
        found, labelled = by_names, True
    return replace(found, notes=(*found.notes, *_other_tables(files, labelled=labelled)))


def find_beside(files: Files) -> WrittenLabels | None:
    """Return the labels of images by what lies beside them; None where nothing does.

    Raises:
        DataError: a `labels.csv` at the root is not what it should be.
    """
    finders = (_of_labels_csv, _of_dataset_json, _of_metadata, _of_keys, _of_tables)
    return next((found for find in finders if (found := find(files)) is not None), None)


def _of_labels_csv(files: Files) -> WrittenLabels | None:
    if "labels.csv" not in files.texts:
        return None
    read = files.texts["labels.csv"]
    first = next((line for line in text_lines(content(read)) if line.strip()), "")
    is_own = [cell.strip().lower() for cell in re.split(f"[{DELIMITERS}]", first)] == ["file", "label"]
    found = None if is_own else _of_named(files, ["labels.csv"])
    if found is not None:
        return found
    rows = [Reference(file, label) for file, label in read_labels(read, where=files.where).items()]
    _refuse_unclear(files, rows)
    return _combined(files, {"labels.csv": Table(rows=rows)}, strict=True)


def _refuse_unclear(files: Files, rows: Sequence[Reference]) -> None:
    """Refuse a labels.csv that names no image, or one that may be several.

    Raises:
        DataError: it does.
    """
    candidates = {row.target: files.candidates(row.target, "labels.csv") for row in rows}
    for target, indices in candidates.items():
        if len(indices) > 1:
            first, second = (files.names[i] for i in indices[:2])
            raise DataError(
                f"{files.where}: labels.csv: {shown(target)} may be {first} or {second}: write the whole path, as seen "
                "from the folder of labels.csv"
            )
    if files.names and not any(candidates.values()):
        raise DataError(
            f"{files.where}: labels.csv names no image here (its first: {shown(next(iter(candidates), 'none'))[:100]}; "
            f"an image here: {files.names[0]}): correct the names in it, or rename it if it is about something else"
        )


def read_labels(read: Callable[[], bytes], *, where: str) -> dict[str, str]:
    """Return label by path from a table `file,label`; semicolons, as some spreadsheets write, do as well.

    Raises:
        DataError: it cannot be read, has another header, a row that is not two cells, or two labels for one
        file.
    """
    title = f"{where}: labels.csv"
    try:
        lines = text_lines(read())
        mark = max(DELIMITERS, key=lines[0].count)
        rows = list(csv.reader(lines, delimiter=mark, strict=True))
    except (csv.Error, OSError, RuntimeError) as error:
        raise DataError(f"{title} cannot be read ({error})") from error
    if not rows or [cell.strip().lower() for cell in rows[0]] != ["file", "label"]:
        raise DataError(f"{title} must begin with the line `file,label`, then one row for each image")
    table: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or not row[1].strip():
            raise DataError(f"{title}, row {number}: expected a file and its label, got {','.join(row)[:60]!r}")
        file, label = row[0].strip().replace("\\", "/").removeprefix("./"), row[1].strip()
        if table.setdefault(file, label) != label:
            raise DataError(f"{title}, row {number}: {shown(file)} has two labels, {table[file]!r} and {label!r}")
    return table


def _of_dataset_json(files: Files) -> WrittenLabels | None:
    for name in sorted(
        (name for name in files.texts if _last(name) == "dataset.json"), key=lambda name: name.count("/")
    ):
        found = parsed(content(files.texts[name]))
        if not isinstance(found, dict) or "labels" not in found:
            continue
        pairs = found["labels"]
        if pairs is None:
            return _none_in(files, name, "it holds none")
        pairs = list(pairs.items()) if isinstance(pairs, dict) else pairs
        if isinstance(pairs, list) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
            rows = [reference(str(file), label) for file, label in pairs]
            return _combined(files, {name: Table(rows=rows)}) or _none_in(
                files, name, "it names no image here, or gives no classes"
            )
    return None


def _of_metadata(files: Files) -> WrittenLabels | None:
    return _of_named(files, [name for name in files.texts if _last(name) in _METADATA])


def _of_tables(files: Files) -> WrittenLabels | None:
    tables = [name for name in files.texts if name.endswith((".csv", ".tsv")) and "submission" not in _last(name)]
    return _of_named(files, [name for name in tables if _last(name) not in _METADATA])


def _of_named(files: Files, names: Sequence[str]) -> WrittenLabels | None:
    tables = {name: read_table(files, name) for name in sorted(names)}
    return _combined(files, {name: table for name, table in tables.items() if table.gives_labels})


def _other_tables(files: Files, *, labelled: bool) -> list[str]:
    """Say why the tables and lists that name images give no labels; of images that are `labelled`, which fail to."""
    tables = sorted(name for name in files.texts if name.endswith((".csv", ".tsv", ".jsonl")))
    lists = sorted(name for name in files.texts if name.endswith(".txt"))[:_FEW_LISTS]
    for name in tables if labelled else (*tables, *lists):
        table = read_table(files, name)
        if table.why and not table.rows:
            return [f"no labels from {name}: {table.why}"]
        if labelled or not table.rows:
            continue
        if table.gives_labels:
            return [f"no labels: {name} may name the images and their labels: if so, give it as the data itself"]
        if table.why:
            return [f"no labels from {name}: {table.why}"]
    return []


def _of_keys(files: Files) -> WrittenLabels | None:
    """Return the labels in a file of its own beside each image."""
    for suffix, read in ((".cls", _cls_label), (".json", _json_label)):
        if not any(name.endswith(suffix) for name in files.texts):
            continue
        known = _sidecars(files, suffix)
        paired = [name for name in known if name is not None]
        if 2 * len(paired) < len(known) or all(read(files.texts[name]) is None for name in paired[:_TRIED]):
            continue
        labels = [None if name is None else read(files.texts[name]) for name in known]
        missing = dict.fromkeys(range(len(known)), f"no label in a {suffix} beside it")
        notes = (f"labels from the {suffix} files beside the images",)
        return WrittenLabels(labels=labels, notes=notes, missing=missing, used=frozenset(paired))
    return None


def _sidecars(files: Files, suffix: str) -> list[str | None]:
    """Return the text of this suffix that belongs to each image: `a.0.jpg.cls` or `a.0.cls` to `a.0.jpg`.

    Where there is neither, WebDataset's rule holds: what is equal up to the first dot is one sample. Its text belongs
    to all images of it where it is called as the sample is, else to the only image, and must be the only text.
    """
    texts_by_key: dict[str, list[str]] = {}
    for name in files.texts:
        if name.endswith(suffix):
            texts_by_key.setdefault(_key(name), []).append(name)
    num_images = Counter(map(_key, files.names))

    def sidecar(name: str) -> str | None:
        exact = (f"{name}{suffix}", f"{os.path.splitext(name)[0]}{suffix}")
        if own := next((text for text in exact if text in files.texts), None):
            return own
        key = _key(name)
        texts = texts_by_key.get(key, [])
        called_so = len(texts) == 1 and f"/{texts[0]}".endswith(f"{key}{suffix}")
        return texts[0] if called_so or len(texts) == num_images[key] == 1 else None

    return [sidecar(name) for name in files.names]


def _key(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return f"{folder}/{last.split('.')[0]}"


def _cls_label(read: Callable[[], bytes]) -> str | None:
    return spelt(content(read).strip())


def _json_label(read: Callable[[], bytes]) -> str | None:
    found = parsed(content(read))
    index = column_of_labels(list(found)) if isinstance(found, dict) else None
    return None if index is None else spelt(list(found.values())[index])


def _combined(files: Files, tables: Mapping[str, Table], *, strict: bool = False) -> WrittenLabels | None:
    """Return the labels that tables give; None where they give none.

    Raises:
        DataError: an image has two labels, if `strict`.
    """
    labels: list[str | None] = [None] * len(files.names)
    several: set[int] = set()
    lost: list[str] = []
    unlabelled: set[int] = set()
    for name, table in tables.items():
        for row in table.rows:
            index = files.find(row.target, name)
            if index is None:
                lost.append(row.target)
            elif row.several or (row.label is not None and labels[index] not in (None, row.label)):
                several.add(index)
            elif row.label is None:
                unlabelled.add(index)
            else:
                labels[index] = row.label
    if several and strict:
        raise DataError(f"{files.where}: {', '.join(tables)}: {files.names[min(several)]} has two labels")
    title = ", ".join(sorted(tables)[:3]) + (" …" if len(tables) > 3 else "")
    labels = [None if i in several else label for i, label in enumerate(labels)]
    if are_mostly_several(len(several), sum(label is not None for label in labels)):
        return _none_in(files, title, f"it gives several to {len(several):,} images")
    if not any(label is not None for label in labels):
        return None
    missing = dict.fromkeys(range(len(labels)), f"no row for it in {title}")
    missing |= dict.fromkeys(unlabelled, f"no label in {title}") | dict.fromkeys(several, f"several labels in {title}")
    columns = sorted({table.column for table in tables.values() if table.column})
    notes = [f"labels from {title}" + (f", column {', '.join(columns)}" if columns else "")]
    if lost:
        notes.append(f"rows of {title} that name no image here: {len(lost)} (first: {shown(lost[0])[:100]})")
    return WrittenLabels(labels=labels, notes=tuple(notes), missing=missing, used=frozenset(tables))


def _none_in(files: Files, table: str, why: str) -> WrittenLabels:
    return replace(no_labels(len(files.names), why, source=table), used=frozenset({table}))


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()
