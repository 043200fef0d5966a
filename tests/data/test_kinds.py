"""What kind of data a file is, and what is said of one that is of none."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from faussaire.core.errors import DataError
from faussaire.data import locate


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
