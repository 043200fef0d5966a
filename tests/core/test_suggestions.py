"""Commands that are suggested can be typed as they stand."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from faussaire.core.suggestions import another_run, typed


@pytest.mark.parametrize("name", ["run", "my run", "[b]", "-t0", "--out", "a'b", "$(x)", "a;b", "*", "é", "-a b"])
def test_a_name_is_read_back_as_one_word_that_is_no_flag(name: str) -> None:
    (word,) = shlex.split(typed(name))
    assert Path(word) == Path(name)
    assert not word.startswith("-")


def test_the_folder_that_is_suggested_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert another_run(tmp_path / "run") == f"--run {tmp_path}/run-2"
    (tmp_path / "run-2").mkdir()
    (tmp_path / "run-3").symlink_to("nowhere")
    assert another_run(tmp_path / "run") == f"--run {tmp_path}/run-4"
    monkeypatch.chdir(tmp_path / "run-2")
    assert another_run(Path()) == f"--run {tmp_path}/run-2-2"
