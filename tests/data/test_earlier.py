"""What was left out for reasons that may be gone is tried again; what was decoded once is not."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.zoo import png
from faussaire.data import Dataset, prepare
from faussaire.data.pool import chunks, workers
from faussaire.data.sources import folders
from faussaire.data.store import earlier
from faussaire.data.store import folder as store
from faussaire.modalities import image
from faussaire.modalities.image import decode
from faussaire.modalities.image.rule import Rule
from faussaire.modalities.spec import Decoded

BROKEN = {"drive": OSError(errno.EIO, "Input/output error"), "memory": MemoryError()}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of 30 grey pictures that differ."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for i in range(30):
        Image.fromarray(generator.integers(0, 256, (12, 12), np.uint8)).save(folder / f"{i:02}.png")
    return folder


class Machine:
    """What this machine cannot do at the moment, which files it read, and how many it decoded."""

    def __init__(self) -> None:
        self.unreadable: dict[str, Exception] = {}
        self.read: list[str] = []
        self.decoded = 0

    def decode_frames(self, data: bytes, rule: Rule, frames: Sequence[int] | None) -> list[Decoded]:
        """Decode a file, and count it."""
        self.decoded += 1
        return decode.decode_frames(data, rule, frames)

    def read_file(self, path: str, count: int = -1) -> bytes:
        """Read a file, or fail."""
        name = Path(path).name
        self.read.append(name)
        if name in self.unreadable:
            raise self.unreadable[name]
        return Path(path).read_bytes()[: None if count < 0 else count]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a machine of which parts can be broken and mended; it decodes in this process."""
    machine = Machine()
    monkeypatch.setattr(folders, "read_file", machine.read_file)
    monkeypatch.setattr(image, "decode_frames", machine.decode_frames)
    return machine


def prepared(folder: Path, **options: object) -> Dataset:
    asked = {"resolution": 12, "fit": "crop", "workers": 0, "cache": folder.parent / "cache"}
    return prepare(folder, **(asked | options))  # type: ignore[arg-type]


def same(one: Dataset, other: Dataset) -> bool:
    return (
        one.fingerprint == other.fingerprint
        and list(one.inventory.records) == list(other.inventory.records)
        and one.inventory.notes == other.inventory.notes
        and bool((one.images[:] == other.images[:]).all())
    )


@pytest.mark.parametrize("why", BROKEN)
def test_what_could_not_be_read_is_tried_again_and_nothing_else(pictures: Path, machine: Machine, why: str) -> None:
    machine.unreadable = {"07.png": BROKEN[why], "21.png": BROKEN[why]}
    assert len(prepared(pictures).images) == 28
    machine.read.clear()
    assert len(prepared(pictures).images) == 28
    assert set(machine.read) == {"07.png", "21.png"}
    machine.unreadable.clear()
    machine.decoded = 0
    mended = prepared(pictures)
    assert len(mended.images) == 30
    assert machine.decoded == 4  # each to see whether it can be had, and then for good
    machine.read.clear()
    assert prepared(pictures).fingerprint == mended.fingerprint
    assert machine.read == []
    assert same(mended, prepare(pictures, cache=pictures.parent / "fresh", resolution=12, fit="crop"))


def test_one_of_two_is_taken_when_it_can_be_had(pictures: Path, machine: Machine) -> None:
    machine.unreadable = {"07.png": BROKEN["drive"], "21.png": BROKEN["drive"]}
    prepared(pictures)
    del machine.unreadable["21.png"]
    assert [record.name for record in prepared(pictures).inventory.rejected] == ["07.png"]
    assert len(list((pictures.parent / "cache").glob(f"*/*/{store.INDEX}"))) == 1


@pytest.mark.parametrize("duplicates", ["keep", "drop"])
def test_a_late_picture_in_colour_makes_all_of_them_so(pictures: Path, machine: Machine, duplicates: str) -> None:
    (pictures / "30.png").write_bytes((pictures / "03.png").read_bytes())
    (pictures / "05-late.png").write_bytes(png((200, 0, 0), 12))
    machine.unreadable = {"05-late.png": BROKEN["drive"]}
    assert prepared(pictures, duplicates=duplicates).spec.shape == (1, 12, 12)
    machine.unreadable.clear()
    mended = prepared(pictures, duplicates=duplicates)
    assert mended.spec.shape == (3, 12, 12)
    assert same(
        mended, prepare(pictures, cache=pictures.parent / "fresh", resolution=12, fit="crop", duplicates=duplicates)
    )


def test_a_run_goes_on_with_the_images_that_it_began_with(pictures: Path, machine: Machine) -> None:
    machine.unreadable = {"07.png": BROKEN["drive"]}
    began = prepared(pictures)
    machine.unreadable.clear()
    assert prepared(pictures, fingerprint=began.fingerprint).fingerprint == began.fingerprint
    assert len(prepared(pictures, fingerprint="of another run").images) == 30


def test_damage_is_not_tried_again(pictures: Path, machine: Machine) -> None:
    (pictures / "07.png").write_bytes((pictures / "07.png").read_bytes()[:60])
    (pictures / "21.png").write_bytes(b"")
    prepared(pictures)
    machine.read.clear()
    assert len(prepared(pictures).inventory.rejected) == 2
    assert machine.read == []


def test_what_no_decoder_could_read_is_tried_by_others(
    pictures: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "30.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    assert len(prepared(pictures).images) == 30
    for module in (image,):
        monkeypatch.setattr(module, "decoders", lambda: "others, of no more use")
    machine.read.clear()
    assert len(prepared(pictures).images) == 30
    assert machine.read == ["30.heic"]
    assert len(prepared(pictures).images) == 30
    assert machine.read == ["30.heic"]  # and no more
    for module in (image,):
        monkeypatch.setattr(module, "decoders", lambda: "pillow-heif")
    real = image.decode_frames

    def with_heif(data: bytes, rule: Rule, frames: object) -> list[Decoded]:
        return real(png(77, 12) if data[4:12] == b"ftypheic" else data, rule, frames)  # type: ignore[arg-type]

    monkeypatch.setattr(image, "decode_frames", with_heif)
    assert len(prepared(pictures).images) == 31


def test_a_picture_whose_decoder_died_is_tried_again(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = workers.Workers._ask

    def dies(self: workers.Workers, asked: str, sent: list[chunks.Task], *rest: object) -> object:
        if asked == "decode" and any(str(task.path).endswith("07.png") for task in sent):
            raise workers.Died("its decoder crashed")
        return real(self, asked, sent, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(workers.Workers, "_ask", dies)
        assert len(prepared(pictures, workers=1).images) == 29
    assert len(prepared(pictures, workers=1).images) == 30


def test_the_index_says_by_what_it_was_decoded(pictures: Path, tmp_path: Path) -> None:
    prepare(pictures, cache=tmp_path / "cache")
    index_file = next((tmp_path / "cache").glob(f"*/*/{store.INDEX}"))
    index = json.loads(index_file.read_text())
    assert earlier.Earlier(index_file.parent, None).doubtful() == []
    assert index["decoders"] == decode.decoders()
