"""Where caches lie: whatever the home is like, and never where a stranger could change them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faussaire.core import paths
from faussaire.core.errors import DataError
from faussaire.core.paths import cache_folder, cache_homes, make_private, refuse_strangers
from faussaire.data import prepare
from toy import write_squares

NOWHERE = "/proc/nobody"  # where nothing can be made, by root either


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for temporary files that everybody can write, as /tmp is, where no home can be written."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(paths.tempfile, "gettempdir", lambda: str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", NOWHERE)
    return folder


@pytest.mark.parametrize("named", ["", "relative", "./cache", "~/cache"])
def test_a_cache_home_that_is_no_whole_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("data") == tmp_path / "home" / ".cache" / "faussaire" / "data"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_without_a_home_there_is_none_to_look_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(cls: type[Path]) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", classmethod(nobody))
    assert list(cache_homes()) == []


def test_where_no_home_can_be_written_a_private_folder_of_temporary_files_serves(temporary: Path) -> None:
    folder = cache_folder("data", "mnist-123")
    assert folder == temporary / f"faussaire-{os.geteuid()}" / "data" / "mnist-123"
    assert (temporary / f"faussaire-{os.geteuid()}").stat().st_mode & 0o777 == 0o700
    assert cache_folder("data", "mnist-123") == folder


def test_where_nothing_can_be_written_one_line_tells_of_the_flag(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    for answer in (lambda: NOWHERE, none):
        monkeypatch.setattr(paths.tempfile, "gettempdir", answer)
        with pytest.raises(DataError, match=r"no folder can be written.*--cache, or by the environment's XDG_CACHE"):
            prepare(write_squares(tmp_path / "x.npy", 48))
    assert len(prepare(tmp_path / "x.npy", cache=tmp_path / "mine").images) == 48


def test_a_folder_of_temporary_files_that_another_user_made_is_refused(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: made_by + 1)
    (temporary / f"faussaire-{made_by + 1}").mkdir(mode=0o700)
    temporary_owner = made_by + 2
    above = os.stat_result([0o41777, 0, 0, 0, temporary_owner, 0, 0, 0, 0, 0])
    monkeypatch.setattr(Path, "stat", stat_of(temporary, above))
    with pytest.raises(DataError, match=r"was made by another user.*--cache"):
        cache_folder("data")


def stat_of(folder: Path, answer: os.stat_result):  # type: ignore[no-untyped-def]
    """Return a `Path.stat` by which one folder is another user's: no test can give a folder away but root's."""
    real = Path.stat
    return lambda self, **more: answer if self == folder else real(self, **more)


@pytest.mark.skipif(not hasattr(os, "chown") or os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_another_user_really_made_is_refused(temporary: Path, tmp_path: Path, kind: str) -> None:
    os.chown(temporary, 54321, 54321)
    trap = temporary / "faussaire-0"
    (tmp_path / "elsewhere").mkdir()
    trap.mkdir(mode=0o700) if kind == "folder" else trap.symlink_to(tmp_path / "elsewhere")
    os.chown(trap, 12345, 12345, follow_symlinks=False)
    with pytest.raises(DataError, match=r"was made by another user.*--cache"):
        cache_folder("data")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(("mode", "refused"), [(0o777, True), (0o770, True), (0o757, True), (0o755, False)])
def test_a_folder_of_temporary_files_that_others_can_write_is_refused(
    temporary: Path, mode: int, refused: bool
) -> None:
    folder = temporary / f"faussaire-{os.geteuid()}"
    folder.mkdir()
    folder.chmod(mode)
    if refused:
        with pytest.raises(DataError, match=r"can be written by other users.*chmod 700"):
            cache_folder("data")
    else:
        assert cache_folder("data").is_dir()


def test_a_link_that_the_user_made_may_lead_to_a_larger_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "large").mkdir()
    (tmp_path / "faussaire").symlink_to(tmp_path / "large")
    assert cache_folder("data", "x").resolve() == tmp_path / "large" / "data" / "x"


def test_a_group_may_share_a_cache_but_not_everybody(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    make_private(shared)
    shared.chmod(0o2775)
    data = write_squares(tmp_path / "x.npy", 48)
    assert len(prepare(data, cache=shared).images) == 48
    refuse_strangers(shared)
    shared.chmod(0o777)
    with pytest.raises(DataError, match="can be written by other users"):
        prepare(data, cache=shared)


def test_a_cache_that_is_only_read_serves_as_long_as_the_data_is_the_same(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    data = write_squares(tmp_path / "x.npy")
    first = prepare(data)
    monkeypatch.setattr(
        paths, "can_write", lambda folder: temporary in folder.parents and (make_private(folder) or True)
    )
    assert prepare(data).fingerprint == first.fingerprint
    assert list(temporary.iterdir()) == []
    np.save(data, np.load(data)[:40])
    assert len(prepare(data).images) == 40
    assert len(list(temporary.glob("faussaire-*/data/x-*/*/index.json"))) == 1


AS_NOBODY = """
import os, tempfile
import numpy as np
import faussaire.data.preparation as preparation
with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o1777)
    np.save(f"{folder}/x.npy", np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8))
    if os.fork() == 0:
        tempfile.tempdir = folder
        os.setgroups([])
        os.setgid(54321)
        os.setuid(54321)
        print(len(preparation.prepare(f"{folder}/x.npy").images))
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can be somebody else")
def test_a_user_without_home_or_entry_in_the_list_of_users_can_work() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-u", "-c", AS_NOBODY], env=environment, cwd="/", capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("3\n", "")
