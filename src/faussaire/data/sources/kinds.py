"""What kind of data a file is: by its first bytes, and only where they say nothing by its name."""

from __future__ import annotations

from pathlib import Path

from faussaire.core.errors import DataError
from faussaire.data.decode.decode import IMAGE_SUFFIXES, is_image
from faussaire.data.disk import why_unread
from faussaire.data.names import shortened
from faussaire.data.sources.files import is_pickle
from faussaire.data.sources.idx import is_idx
from faussaire.data.sources.lists import looks_like_list
from faussaire.data.sources.packed import ZIP, head_inside, holds_table, is_packed
from faussaire.data.sources.tables import looks_like_table

KINDS = (
    "a folder of images, a .zip or .tar of them, an IDX pair, .npy, .npz, .csv, .parquet, a list of files or URLs, "
    "hf:NAME, or the name of an embedded set"
)
"""What data may be, for messages."""

_SUFFIXES = {
    ".zip": "zip",
    ".tar": "tar",
    ".tgz": "tar",
    ".npy": "npy",
    ".npz": "npz",
    ".csv": "table",
    ".tsv": "table",
    ".parquet": "parquet",
    ".txt": "list",
    ".gz": "idx",
}
_HEAD_BYTES = 2**16
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")

_SAVE = "np.savez('images.npz', images=..., labels=...)"
_FOREIGN_SIGNATURES = {
    b"\x89HDF\r\n\x1a\n": f"is HDF5 (.h5, or .mat of MATLAB 7.3): read it with h5py and save it by {_SAVE}",
    b"MATLAB 5.0": f"is of MATLAB: read it with scipy.io.loadmat and save it by {_SAVE}",
    b"SQLite format": "is a data base: save the images as files, or as parquet",
    b"Rar!": "is a .rar: unpack it and give the folder, or pack it as .zip",
    b"7z\xbc\xaf": "is a .7z: unpack it and give the folder, or pack it as .zip",
}
_PICKLE = (
    "is a pickle, which is never opened, as it may run any program: if you trust it, load it in Python and save it "
    f"by {_SAVE}, or as files"
)
_FOREIGN_SUFFIXES = {
    **dict.fromkeys((".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth"), _PICKLE),
    **dict.fromkeys((".h5", ".hdf5"), _FOREIGN_SIGNATURES[b"\x89HDF\r\n\x1a\n"]),
    ".mat": _FOREIGN_SIGNATURES[b"MATLAB 5.0"],
    ".tfrecord": "is of TensorFlow: save its images as files, one folder for each class",
    ".xlsx": "is a spreadsheet: save it as .csv",
}


def kind_of(path: Path) -> str:
    """Return the kind of a file, by its first bytes, or else by its name.

    Raises:
        DataError: it is none that is known, or a single image.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    kind = _kind_of_head(head, path)
    suffix = path.suffix.lower()
    if kind == "image" or (kind is None and suffix in IMAGE_SUFFIXES):
        raise DataError(f"{path} is a single image: give the folder that it lies in")
    if kind is None:
        way_out = _foreign(head, path)
        if way_out:
            raise DataError(f"{path} {way_out}")
        kind = "idx" if "idx" in path.name.lower() else _SUFFIXES.get(suffix)
    if kind is None:
        raise DataError(f"{shortened(str(path), 300)} is not a kind of data that is known: give {KINDS}")
    return kind


def _foreign(head: bytes, path: Path) -> str:
    """Return what a file is that is not read, and the way out; empty where there is no telling."""
    for signature, text in _FOREIGN_SIGNATURES.items():
        if head.startswith(signature):
            return text
    return _PICKLE if is_pickle(head) else _FOREIGN_SUFFIXES.get(path.suffix.lower(), "")


def _kind_of_head(head: bytes, path: Path) -> str | None:
    """Return the kind of a file that begins so; None where that says nothing."""
    if head.startswith(ZIP):
        return _kind_of_zip(head, path)
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if is_idx(head):
        return "idx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head[257:262] == b"ustar":
        return "tar"
    if is_packed(head):
        return _kind_in_stream(head, path)
    if is_image(head[:16]):
        return "image"
    return _kind_of_text(head, path)


def _kind_of_zip(head: bytes, path: Path) -> str | None:
    """Tell an .npz, a table and images apart; None for what torch, or a spreadsheet, has saved as a zip."""
    end = 30 + int.from_bytes(head[26:28], "little")
    first = head[30:end]
    if path.suffix.lower() == ".npz" or first.endswith(b".npy"):
        return "npz"
    if first.endswith((b"data.pkl", b"[Content_Types].xml")):
        return None
    return "table" if holds_table(path) else "zip"


def _kind_in_stream(head: bytes, path: Path) -> str | None:
    """Return the kind of what a packed stream unpacks to; where that is damaged, its name may say it."""
    gzipped = head.startswith(b"\x1f\x8b")
    try:
        inside = head_inside(path, _HEAD_BYTES)
    except DataError:  # an extra is missing: what opens it will say so
        return "tar"
    if is_idx(inside):
        return "idx"
    if inside[257:262] == b"ustar":
        return "tar"
    return "table" if _kind_of_text(inside, path) == "table" else None if gzipped else "tar"


def _kind_of_text(head: bytes, path: Path) -> str | None:
    wide = head.startswith(_BYTE_ORDER_MARKS)
    if not head or (b"\0" in head and not wide):
        return None
    if looks_like_table(path):
        return "table"
    try:
        # The last character may be torn; a first line that is longer than the head is none of a list.
        text = head.decode("utf-8-sig", "strict" if len(head) < _HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    return "list" if looks_like_list(text) else None
