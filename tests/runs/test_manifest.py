"""Every byte of a run that is not as it was written is found, and no kill makes a false accusation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faussaire.runs.folder import RunFolder
from faussaire.runs.manifest import CHANGED, GONE, MANIFEST, Manifest, damaged_files


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path)
    for name in ("generator/config.json", "reals.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        run.write(tmp_path / name, b"first")
        run.write(tmp_path / name, b"second")
    run.emit("plan", nimg=0, durable=True, end_nimg=64)
    run.emit("stats", nimg=64, loss_D=0.5)
    run.emit("done", nimg=64, durable=True)
    return run


def flip(path: Path, place: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["generator/config.json", "reals.png", "events.jsonl"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_flipped_byte_is_found(run: RunFolder, name: str, place: int) -> None:
    assert damaged_files(run.path) == {}
    flip(run.path / name, place)
    assert damaged_files(run.path) == {name: CHANGED}


def test_a_file_that_is_gone_is_found(run: RunFolder) -> None:
    (run.path / "reals.png").unlink()
    assert damaged_files(run.path) == {"reals.png": GONE}
    run.manifest.forget(run.path / "reals.png")
    assert damaged_files(run.path) == {}


def test_a_manifest_that_is_damaged_accuses_no_other_file(run: RunFolder) -> None:
    path = run.path / MANIFEST
    path.write_text(path.read_text().replace('"files"', '"filez"'))
    assert list(damaged_files(run.path)) == [MANIFEST]
    path.write_bytes(b"[" * 100_000)
    assert list(damaged_files(run.path)) == [MANIFEST]


def test_a_manifest_that_leads_out_of_its_run_is_damaged(run: RunFolder, tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "run" / "deep")
    manifest.path.parent.mkdir(parents=True)
    manifest._files = {"../secret": ["0"]}
    manifest.save()
    assert "beyond" in damaged_files(manifest.path.parent)[MANIFEST]


@pytest.mark.parametrize("kills", [1, 3])
def test_a_kill_before_or_after_a_file_takes_its_place_is_no_damage(run: RunFolder, kills: int) -> None:
    path, beside = run.path / "reals.png", run.path / "beside"
    for number in range(kills):  # each by a process that then dies, and knows of none before
        beside.write_bytes(b"third %d" % number)
        Manifest(run.path).expect(path, beside)
        assert damaged_files(run.path) == {}
    beside.replace(path)
    assert damaged_files(run.path) == {}
    RunFolder(run.path).write(path, b"fourth")
    assert damaged_files(run.path) == {}


def test_events_that_another_process_went_on_with_are_known_from_the_beginning(run: RunFolder) -> None:
    again = RunFolder(run.path)
    with run.events_file.open("ab") as file:
        file.write(b'{"torn')
    again.emit("resumed", nimg=64, durable=True)
    assert damaged_files(run.path) == {}
    flip(run.events_file, 3)
    assert damaged_files(run.path) == {"events.jsonl": CHANGED}


def test_what_is_told_after_the_last_durable_event_is_not_missed(run: RunFolder) -> None:
    run.emit("stats", nimg=128, loss_D=0.25)
    assert damaged_files(run.path) == {}
    assert json.loads((run.path / MANIFEST).read_text())["growing"]["bytes"] < run.events_file.stat().st_size
