"""What kind of data a file is, and what is said of one that is of none."""

from __future__ import annotations

import ast
import importlib
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from faussaire.core.errors import DataError
from faussaire.data import Source, locate, prepare
from faussaire.data.sources import kinds
from faussaire.data.sources.arrays import array_source
from faussaire.data.sources.kind import SourceKind

SOURCES = "faussaire.data.sources"


def torch_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02")
    return buffer.getvalue()


def spreadsheet() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(90), "is of MATLAB: read it with scipy.io.loadmat"),
        ("x.mat", b"\x89HDF\r\n\x1a\n" + bytes(90), "is HDF5 .*: read it with h5py"),
        ("x.h5", b"\x89HDF\r\n\x1a\n" + bytes(90), "is HDF5 .*: read it with h5py"),
        ("x", b"\x89HDF\r\n\x1a\n" + bytes(90), "is HDF5 .*: read it with h5py"),
        ("x.pkl", b"\x80\x04\x95" + bytes(90), "is a pickle.*never opened.*np.savez"),
        ("data_batch_1", b"\x80\x02}q\x01(U\x0bbatch_labelq" + bytes(90), "is a pickle.*never opened.*np.savez"),
        ("x.pt", torch_zip(), "is a pickle.*never opened.*np.savez"),
        ("x.pth", b"anything\0", "is a pickle.*never opened.*np.savez"),
        ("x.xlsx", spreadsheet(), r"is a spreadsheet: save it as \.csv"),
        ("x.rar", b"Rar!\x1a\x07\0" + bytes(90), "unpack it and give the folder"),
        ("x.arrow", b"ARROW1\0\0" + bytes(90), "is a table of arrow: give the folder"),
        ("x.tfrecord", struct.pack("<Q", 9) + bytes(90), "is of TensorFlow"),
    ],
)
def test_a_file_of_another_world_is_refused_with_a_way_out(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        locate(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_new_kind_of_source_is_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_squares(path: Path, scratch: Path) -> Source:
        values = np.frombuffer(path.read_bytes().removeprefix(b"SQUARES"), np.uint8)
        images = np.broadcast_to(values[:, None, None], (len(values), 8, 8))
        return array_source(images, name=path.stem, where=str(path))

    squares = SourceKind(
        name="squares",
        open=open_squares,
        recognises=lambda head: head.data.startswith(b"SQUARES"),
        patterns=("*.sq",),
        beside=lambda path: [path.with_suffix(".note")],
    )
    monkeypatch.setattr(kinds, "SOURCES", (*kinds.SOURCES, squares))
    path = tmp_path / "grey.sq"
    path.write_bytes(b"SQUARES" + bytes([10, 90, 200]))
    before = locate(path)
    assert (before.name, before.identity) == ("grey", f"squares {path.resolve()}")
    assert sorted(int(image[0, 0, 0]) for image in prepare(path, resolution=8).images) == [10, 90, 200]
    path.with_suffix(".note").write_text("it changed")
    assert locate(path).signature != before.signature


def test_a_kind_of_source_is_named_in_its_own_file_and_in_the_list() -> None:
    """And where folders are told apart, which an IDX pair may stand for."""
    folder = Path(kinds.__file__).parent
    imported: dict[str, set[str]] = {}
    for path in folder.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{SOURCES}."):
                for name in {alias.name for alias in node.names}:
                    if isinstance(getattr(importlib.import_module(node.module), name), SourceKind):
                        imported.setdefault(path.name, set()).add(name)
    assert len(imported["kinds.py"]) == len(kinds.SOURCES)
    assert imported.keys() == {"kinds.py", "locate.py"}
    assert imported["locate.py"] == {"IDX"}
