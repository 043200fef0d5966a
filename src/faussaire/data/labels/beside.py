"""Labels that lie in files beside the images, as the ecosystem has them.

    labels.csv                     file,label: faussaire's own; what it says must be right, or the data is refused
    dataset.json                   {"labels": [[name, number], …]} or null, of the StyleGAN family
    metadata.csv, metadata.jsonl   file_name and a label, of Hugging Face's imagefolder, in any folder
    0001.cls, 0001.json            beside 0001.jpg, of WebDataset
    any other .csv or .tsv         a file or id and a label, as Kaggle has them, if most of its rows name images here

Names are those of the images as seen from the file's own folder, or from the root, or their last part; suffixes may be
missing. The first of these that gives labels is used, all tables of one kind together.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from faussaire.core.errors import DataError
from faussaire.core.marks import REASONS
from faussaire.data.labels.labels import WrittenLabels, are_mostly_several, column_of_labels, no_labels, spelt
from faussaire.data.labels.layouts import labels_of_folders
from faussaire.data.labels.references import Reference, cells_of, columns_of, header_of, references, text_lines
from faussaire.data.names import shown
from faussaire.modalities import is_item

TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".json", ".cls", ".txt"})
"""What labels may stand in."""

_METADATA = ("metadata.csv", "metadata.jsonl")
_FEW_LISTS = 20  # texts looked at; more are captions of single images
_TRIED = 50  # of the files beside single images, to see whether they hold labels


@dataclass(frozen=True)
class Files:
    """What was listed."""

    names: Sequence[str]
    """Of the images."""

    usable: Sequence[bool]
    """Whether each may be used."""

    texts: Mapping[str, Callable[[], bytes]]
    """By name, how the content is read of what labels may stand in."""

    where: str
    """The whole, as a message should show it."""

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Images by their name, by its last part, and by that without its suffix."""
        found: dict[str, list[int]] = {}
        for i, name in enumerate(self.names):
            last = name.rsplit("/", 1)[-1]
            for key in {name, f"*/{last}", f"*/{os.path.splitext(last)[0]}", os.path.splitext(name)[0]}:
                found.setdefault(key, []).append(i)
        return found

    def find(self, text: str, table: str = "") -> int | None:
        """Return which image a table means by a name; None where that is none, or not clear."""
        name = shown(text.strip().replace("\\", "/")).removeprefix("./")
        folder = table.rpartition("/")[0]
        for key in (f"{folder}/{name}" if folder else name, name):
            exact = self.places.get(key, [])
            if len(exact) == 1:
                return exact[0]
        last = name.rsplit("/", 1)[-1]
        stem, suffix = os.path.splitext(last)
        found = self.places.get(f"*/{last}") or (self.places.get(f"*/{stem}", []) if is_item(suffix.lower()) else [])
        if len(found) > 1:
            plain = f"/{os.path.splitext(name)[0] if is_item(suffix.lower()) else name}"
            ends = [i for i in found if os.path.splitext(f"/{self.names[i]}")[0].endswith(plain)]
            split = os.path.splitext(table.rsplit("/", 1)[-1])[0].lower()
            found = ends if len(ends) == 1 else [i for i in ends if split in self.names[i].lower().split("/")[:-1]]
        return found[0] if len(found) == 1 else None


def find_labels(files: Files) -> WrittenLabels:
    """Return the labels of images by what lies beside them, or else by their folders.

    Raises:
        DataError: a `labels.csv` at the root is not what it should be.
    """
    beside = find_beside(files)
    if beside is not None:
        return beside
    found = labels_of_folders(files.names, files.usable)
    if any(label is not None for label in found.labels):
        return found
    return replace(found, notes=(*found.notes, *_other_tables(files)))


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
    first = next((line for line in text_lines(_content(read)) if line.strip()), "")
    is_own = [cell.strip().lower() for cell in first.replace(";", ",").split(",")] == ["file", "label"]
    found = None if is_own else _of_named(files, ["labels.csv"])
    if found is not None:
        return found
    rows = [Reference(file, label) for file, label in read_labels(read, where=files.where).items()]
    return _combined(files, {"labels.csv": rows}, strict=True)


def read_labels(read: Callable[[], bytes], *, where: str) -> dict[str, str]:
    """Return label by path from a table `file,label`; semicolons, as some spreadsheets write, do as well.

    Raises:
        DataError: it cannot be read, has another header, a row that is not two cells, or two labels for one
        file.
    """
    title = f"{where}: labels.csv"
    try:
        lines = read().decode("utf-8-sig").splitlines(keepends=True)
        rows = list(csv.reader(lines, delimiter=";" if lines and ";" in lines[0] else ",", strict=True))
    except UnicodeDecodeError as error:
        raise DataError(f"{title} is not UTF-8 text: save it as CSV in UTF-8") from error
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
            raise DataError(f"{title}, row {number}: {file} has two labels, {table[file]!r} and {label!r}")
    return table


def _of_dataset_json(files: Files) -> WrittenLabels | None:
    for name in sorted(
        (name for name in files.texts if _last(name) == "dataset.json"), key=lambda name: name.count("/")
    ):
        content = _json(_content(files.texts[name]))
        if not isinstance(content, dict) or "labels" not in content:
            continue
        pairs = content["labels"]
        if pairs is None:
            return _none_in(files, name, "holds none")
        pairs = list(pairs.items()) if isinstance(pairs, dict) else pairs
        if isinstance(pairs, list) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
            rows = [_reference(str(file), label) for file, label in pairs]
            return _combined(files, {name: rows}) or _none_in(files, name, "names no image here, or gives no classes")
    return None


def _of_metadata(files: Files) -> WrittenLabels | None:
    return _of_named(files, [name for name in files.texts if _last(name) in _METADATA])


def _of_tables(files: Files) -> WrittenLabels | None:
    tables = [name for name in files.texts if name.endswith((".csv", ".tsv")) and "submission" not in _last(name)]
    return _of_named(files, [name for name in tables if _last(name) not in _METADATA])


def _of_named(files: Files, tables: Sequence[str]) -> WrittenLabels | None:
    rows_by_table = {table: _rows(files, table) for table in sorted(tables)}
    telling = {
        table: rows
        for table, rows in rows_by_table.items()
        if any(row.label is not None or row.several for row in rows)
    }
    return _combined(files, telling) if telling else None


def _rows(files: Files, table: str) -> list[Reference]:
    """Return what the rows of a table say, if at least half of them name images; else nothing."""

    def exists(text: str) -> bool:
        return files.find(text, table) is not None

    lines = text_lines(_content(files.texts[table]))
    first = next((line for line in lines[:100] if line.strip()), "")
    if table.endswith(".jsonl"):
        rows = list(_json_rows(lines))
    elif not first or first == ",".join(REASONS):  # which `faussaire inspect` writes
        rows = []
    elif not (rows := _one_hot_rows(lines)):
        about_images = header_of(first) or any(exists(one.target) for one in references([first], exists))
        rows = references(lines, exists) if about_images else []
    return rows if 2 * sum(exists(row.target) for row in rows) >= len(rows) else []


def _one_hot_rows(lines: Sequence[str]) -> list[Reference]:
    """Return the rows of a table in which each label is a column, with 1 for the images that have it, else 0."""
    header, *rows = [line for line in lines if line.strip()]
    columns = header_of(header)
    if columns is None or columns.label is not None or columns.count < 3:
        return []
    names = cells_of(header, columns.delimiter)
    found = []
    for row in rows:
        cells = cells_of(row, columns.delimiter)
        ones = [i for i, cell in enumerate(cells) if i != columns.file and cell.strip() in ("1", "1.0")]
        zeros = sum(cell.strip() in ("0", "0.0") for i, cell in enumerate(cells) if i != columns.file)
        if len(cells) != columns.count or len(ones) + zeros != columns.count - 1:
            return []
        label = names[ones[0]].strip() if len(ones) == 1 else None
        found.append(Reference(cells[columns.file].strip(), label, several=len(ones) > 1))
    return found


def _other_tables(files: Files) -> list[str]:
    """Say of the first table or list that names the images why it gives no labels."""
    lists = [name for name in files.texts if name.endswith(".txt")]
    for table in sorted([name for name in files.texts if name.endswith((".csv", ".tsv"))]) + sorted(lists)[:_FEW_LISTS]:
        rows = _rows(files, table)
        if any(row.label is not None for row in rows):
            return [f"no labels: {table} may name the images and their labels: if so, give it as the data itself"]
        if rows and not table.endswith(".txt"):
            return [f"no labels: {table} names the images, but no column of it is called label, class …"]
    return []


def _json_rows(lines: Sequence[str]) -> Iterator[Reference]:
    for line in lines:
        row = _json(line)
        columns = columns_of(list(row)) if isinstance(row, dict) else None
        if columns is not None:
            values = list(row.values())
            yield _reference(str(values[columns.file]), None if columns.label is None else values[columns.label])


def _of_keys(files: Files) -> WrittenLabels | None:
    """Return the labels in a file of its own beside each image."""
    for suffix, read in ((".cls", _cls_label), (".json", _json_label)):
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
    return spelt(_content(read).strip())


def _json_label(read: Callable[[], bytes]) -> str | None:
    content = _json(_content(read))
    index = column_of_labels(list(content)) if isinstance(content, dict) else None
    return None if index is None else spelt(list(content.values())[index])


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _content(read: Callable[[], bytes]) -> bytes:
    """Return the content of a file; nothing where it cannot be read: it is no help, then."""
    try:
        return read()
    except Exception:  # of the system, of an archive
        return b""


def _reference(target: str, value: Any) -> Reference:
    return Reference(target, spelt(value), several=isinstance(value, (list, dict)) and len(value) > 1)


def _combined(
    files: Files, rows_by_table: Mapping[str, Sequence[Reference]], *, strict: bool = False
) -> WrittenLabels | None:
    """Return the labels that tables give; None where they give none.

    Raises:
        DataError: an image has two labels, if `strict`.
    """
    labels: list[str | None] = [None] * len(files.names)
    several: set[int] = set()
    lost: list[str] = []
    for table, rows in rows_by_table.items():
        for row in rows:
            index = files.find(row.target, table)
            if index is None:
                lost.append(row.target)
            elif row.several or (row.label is not None and labels[index] not in (None, row.label)):
                several.add(index)
            else:
                labels[index] = labels[index] if row.label is None else row.label
    if several and strict:
        raise DataError(f"{files.where}: {', '.join(rows_by_table)}: {files.names[min(several)]} has two labels")
    tables = ", ".join(sorted(rows_by_table)[:3]) + (" …" if len(rows_by_table) > 3 else "")
    labels = [None if i in several else label for i, label in enumerate(labels)]
    if are_mostly_several(len(several), sum(label is not None for label in labels)):
        return _none_in(files, tables, f"gives several to {len(several):,} images")
    if not any(label is not None for label in labels):
        return None
    missing = dict.fromkeys(range(len(labels)), f"no row for it in {tables}")
    missing |= dict.fromkeys(several, f"several labels in {tables}")
    notes = [f"labels from {tables}"]
    if lost:
        notes.append(f"rows of {tables} that name no image here: {len(lost)} (first: {shown(lost[0])[:100]})")
    return WrittenLabels(labels=labels, notes=tuple(notes), missing=missing, used=frozenset(rows_by_table))


def _none_in(files: Files, table: str, why: str) -> WrittenLabels:
    return replace(no_labels(len(files.names), f"{table} {why}"), used=frozenset({table}))


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()
