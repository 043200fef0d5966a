"""Files on the disk: whole or not at all, and errors in one line that says what to do."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from faussaire.core.errors import CheckpointError, ConfigError, DataError
from faussaire.core.files import make_folder, replacing, write_atomically


def test_a_full_disk_is_told_in_one_line_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    write_atomically(path, b"old")

    def half_written() -> None:
        with replacing(path) as beside:
            beside.write_bytes(b"half of the n")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CheckpointError, match="No space left on device; what was saved before is intact"):
        half_written()
    assert path.read_bytes() == b"old"


def test_the_error_is_of_the_kind_and_with_the_remedy_of_whoever_writes(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(DataError, match="name another place by --cache"):
        write_atomically(tmp_path / "x", b"", remedy="name another place by --cache", kind=DataError)


def test_a_folder_that_was_removed_meanwhile_is_named_as_the_reason(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()

    def written_too_late() -> None:
        with replacing(tmp_path / "run" / "x") as beside:
            shutil.rmtree(tmp_path / "run")
            beside.write_bytes(b"")

    with pytest.raises(CheckpointError, match="its folder was removed or moved while it was in use"):
        written_too_late()


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(ConfigError, match="a file of that name is in the way"):
        make_folder(tmp_path / "x")
