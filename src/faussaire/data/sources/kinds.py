"""The kinds of file that images may lie in, and which of them a file is: by its first bytes, else by its name."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from faussaire.core.disk import why_unread
from faussaire.core.errors import DataError
from faussaire.core.names import shortened
from faussaire.data.sources.arrays import NPY
from faussaire.data.sources.files import is_pickle
from faussaire.data.sources.idx import IDX
from faussaire.data.sources.kind import Head, SourceKind
from faussaire.data.sources.lists import LIST
from faussaire.data.sources.npz import NPZ
from faussaire.data.sources.parquet import PARQUET
from faussaire.data.sources.steps import STEPS
from faussaire.data.sources.tables import TABLE
from faussaire.data.sources.tars import TAR
from faussaire.data.sources.texts import TEXT
from faussaire.data.sources.zips import ZIP
from faussaire.modalities import begins_as_item, is_item

SOURCES: tuple[SourceKind, ...] = (NPY, NPZ, IDX, PARQUET, STEPS, TABLE, ZIP, TAR, LIST, TEXT)
"""The first that recognises a file opens it."""

WHAT_DATA_MAY_BE = (
    "a folder of images or MIDI files, a .zip or .tar, an IDX pair, .npy, .npz, .csv, .parquet, a list of files or "
    "URLs, a text of short lines, hf:NAME, or the name of an embedded set"
)
"""For messages."""

_SAVE = "np.savez('images.npz', images=..., labels=...)"
_PICKLE = (
    "is a pickle, which is never opened, as it may run any program: if you trust it, load it in Python and save it "
    f"by {_SAVE}, or as files"
)
_HDF5 = f"is HDF5 (.h5, or .mat of MATLAB 7.3): read it with h5py and save it by {_SAVE}"
_MATLAB = f"is of MATLAB: read it with scipy.io.loadmat and save it by {_SAVE}"

_FOREIGN_BEGINS = {
    b"\x89HDF\r\n\x1a\n": _HDF5,
    b"MATLAB 5.0": _MATLAB,
    b"SQLite format": "is a data base: save the images as files, or as parquet",
    b"Rar!": "is a .rar: unpack it and give the folder, or pack it as .zip",
    b"7z\xbc\xaf": "is a .7z: unpack it and give the folder, or pack it as .zip",
}
_FOREIGN_SUFFIXES = {
    **dict.fromkeys((".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth"), _PICKLE),
    **dict.fromkeys((".h5", ".hdf5"), _HDF5),
    ".mat": _MATLAB,
    ".tfrecord": "is of TensorFlow: save its images as files, one folder for each class",
    **dict.fromkeys((".arrow", ".feather"), "is a table of arrow: give the folder that `datasets` saved, or parquet"),
    ".xlsx": "is a spreadsheet: save it as .csv",
}


def kind_of(path: Path) -> SourceKind:
    """Return the kind of a file, by its first bytes, or else by its name.

    Raises:
        DataError: it is none that is known, or a single image.
    """
    head, name = Head(path), path.name.lower()
    try:
        is_single = begins_as_item(head.data[:16])
        kind = next((kind for kind in SOURCES if kind.recognises(head)), None)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    if is_single or (kind is None and is_item(path.suffix.lower())):
        raise DataError(f"{path} is a single image: give the folder that it lies in")
    if kind is None and (way_out := _way_out(head)):
        raise DataError(f"{path} {way_out}")
    kind = kind or next((kind for kind in SOURCES if is_named(name, kind)), None)
    if kind is None:
        raise DataError(f"{shortened(str(path), 300)} is not a kind of data that is known: give {WHAT_DATA_MAY_BE}")
    return kind


def is_named(name: str, kind: SourceKind) -> bool:
    """Whether a name in lower case looks like that of a file of this kind."""
    return any(fnmatchcase(name, pattern) for pattern in kind.patterns)


def _way_out(head: Head) -> str:
    """Return what a file is that is not read, and the way out; empty where there is no telling."""
    known = next((text for begin, text in _FOREIGN_BEGINS.items() if head.data.startswith(begin)), "")
    return known or (_PICKLE if is_pickle(head.data) else _FOREIGN_SUFFIXES.get(head.path.suffix.lower(), ""))
