"""The store: prepared once, taken up where it was interrupted, reused, and found stale."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from data.zoo import png
from faussaire.core import paths
from faussaire.core.errors import DataError
from faussaire.data import Dataset, preparation, prepare
from faussaire.data.pool.chunks import Chunk
from faussaire.data.pool.scan import scan
from faussaire.data.store import build, rows
from faussaire.data.store import folder as store
from faussaire.data.store.rows import PixelFile, Rows

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def greys(tmp_path: Path) -> Path:
    """Return a folder of 240 grey images and an empty file."""
    folder = tmp_path / "greys"
    folder.mkdir()
    for i in range(240):
        (folder / f"{i:04}.png").write_bytes(png(i, 12))
    (folder / "empty.png").write_bytes(b"")
    return folder


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record where each scan begins."""
    begun: list[int] = []

    def counted(*args: object, start: int = 0, **options: object) -> Iterator[Chunk]:
        begun.append(start)
        return scan(*args, start=start, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(preparation, "scan", counted)
    return begun


def same(one: Dataset, other: Dataset) -> bool:
    return (
        one.fingerprint == other.fingerprint
        and list(one.inventory.records) == list(other.inventory.records)
        and one.inventory.notes == other.inventory.notes
        and bool((one.images[:] == other.images[:]).all())
        and bool((one.held_out[:] == other.held_out[:]).all())
    )


def stores(cache: Path) -> list[Path]:
    return sorted(path.parent for path in cache.glob("*/*/index.json"))


def test_what_is_prepared_is_not_prepared_again(greys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = counting(monkeypatch)
    first, second = (prepare(greys, cache=tmp_path / "cache") for _ in range(2))
    assert begun == [0]
    assert same(first, second)


@pytest.mark.parametrize("change", ["add", "remove", "rewrite", "rename", "label"])
def test_changed_data_is_prepared_anew_and_the_old_removed(greys: Path, tmp_path: Path, change: str) -> None:
    before = prepare(greys, cache=tmp_path / "cache")
    changes: dict[str, Callable[[], object]] = {
        "add": lambda: (greys / "new.png").write_bytes(png(250, 12)),
        "remove": lambda: (greys / "0007.png").unlink(),
        "rewrite": lambda: (greys / "0007.png").write_bytes(png(251, 12)),
        "rename": lambda: (greys / "0007.png").rename(greys / "z.png"),
        "label": lambda: (greys / "labels.csv").write_text("file,label\n0001.png,a\n0002.png,b\n"),
    }
    changes[change]()
    after = prepare(greys, cache=tmp_path / "cache")
    assert same(after, prepare(greys, cache=tmp_path / "fresh"))
    assert not same(after, before)
    assert (after.fingerprint == before.fingerprint) == (change == "rename")  # the pixels are the same
    assert len(stores(tmp_path / "cache")) == 1
    assert len(before.images[:]) == len(before.images)  # what is open stays readable


def test_other_settings_are_another_store(greys: Path, tmp_path: Path) -> None:
    for resolution in (8, 12):
        prepare(greys, resolution=resolution, cache=tmp_path / "cache")
    assert len(stores(tmp_path / "cache")) == 2


class Stop(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("torn", ["", "pixels", "outcomes", "words", "changed", "plan"])
def test_an_interrupted_preparation_goes_on_and_ends_the_same(
    greys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    whole = prepare(greys, cache=tmp_path / "whole", workers=1)
    begun = counting(monkeypatch)

    cache = tmp_path / "killed"

    def stop(done: int, total: int) -> None:
        if done >= 100:
            shutil.copytree(tmp_path / "cache", cache)  # as a kill leaves it
            raise Stop(done)

    with pytest.raises(Stop) as caught:
        prepare(greys, cache=tmp_path / "cache", workers=1, progress=stop)
    (done,) = caught.value.args
    assert stores(cache) == []
    folder = next(cache.glob(f"*/*/{build.PLAN}")).parent
    if torn in ("pixels", "outcomes", "words"):
        path = folder / {"pixels": "pixels.u8", "outcomes": "outcomes.bin", "words": store.WORDS}[torn]
        path.write_bytes(path.read_bytes()[:-3])
    elif torn == "changed":
        path = folder / "pixels.u8"
        path.write_bytes(path.read_bytes()[:5000] + b"\0" * 100 + path.read_bytes()[5100:])
    elif torn == "plan":
        (folder / build.PLAN).write_text("{}")
    assert same(prepare(greys, cache=cache, workers=1), whole)
    assert {"": done, "pixels": done - 1, "outcomes": done - 1, "plan": 0}.get(torn, begun[1]) == begun[1] < 240


def test_a_kill_while_the_index_is_made_is_made_good(
    greys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (greys / "0240.png").write_bytes(png(7, 12))  # a copy
    whole = prepare(greys, cache=tmp_path / "whole", duplicates="drop")
    written = store.write_text

    def stop(path: Path, text: str) -> None:
        if path.name == store.INDEX:
            raise Stop
        written(path, text)

    with monkeypatch.context() as patch:
        patch.setattr("faussaire.data.store.finishing.write_text", stop)
        with pytest.raises(Stop):
            prepare(greys, cache=tmp_path / "cache", duplicates="drop")
    assert same(prepare(greys, cache=tmp_path / "cache", duplicates="drop"), whole)


def test_a_full_disk_ends_in_one_line_and_the_same_command_goes_on(
    greys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    left = [30_000]

    def full(descriptor: int, data: memoryview) -> int:
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        num = real(descriptor, data[: left[0]])
        left[0] -= num
        return num

    with monkeypatch.context() as patch:
        patch.setattr(build.os, "write", full)
        with pytest.raises(DataError, match=r"cannot write .*No space left on device.*--cache") as caught:
            prepare(greys, cache=tmp_path / "cache", workers=1)
    assert "\n" not in str(caught.value)
    begun = counting(monkeypatch)
    assert same(prepare(greys, cache=tmp_path / "cache", workers=1), prepare(greys, cache=tmp_path / "whole"))
    assert begun[0] > 0


def test_too_small_a_disk_is_told_before_the_work(greys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(DataError, match=r"no room in .* take 0.1 MiB and 0.0 MiB are free; name another .*--cache"):
        prepare(greys, cache=tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_told(greys: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write .*--cache"):
        prepare(greys, cache=tmp_path / "file")


def test_without_a_writable_home_the_folder_for_temporary_files_serves(
    greys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(paths.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    assert len(prepare(greys).inventory.kept) == 240
    assert len(stores(next((tmp_path / "temporary").iterdir()) / "data")) == 1


def test_a_damaged_store_is_told(greys: Path, tmp_path: Path) -> None:
    prepare(greys, cache=tmp_path)
    (stores(tmp_path)[0] / "train.npy").unlink()
    with pytest.raises(DataError, match=r"damaged .* remove that folder"):
        prepare(greys, cache=tmp_path)


def test_positions_of_another_kind_are_damage(greys: Path, tmp_path: Path) -> None:
    prepare(greys, cache=tmp_path / "cache")
    np.save(stores(tmp_path / "cache")[0] / "train.npy", np.arange(10.0))
    with pytest.raises(DataError, match=r"damaged \(train.npy holds no positions or labels\): remove that folder"):
        prepare(greys, cache=tmp_path / "cache")


def test_a_large_array_that_fits_is_mapped_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 3, 8, 8), np.uint8)
    np.save(tmp_path / "x.npy", images)
    copied = prepare(tmp_path / "x.npy", cache=tmp_path / "copied")
    monkeypatch.setattr(preparation, "IN_PLACE_BYTES", 1000)
    mapped = prepare(tmp_path / "x.npy", cache=tmp_path / "mapped")
    assert same(mapped, copied)
    assert list((tmp_path / "mapped").rglob("*.u8")) == []


def written(path: Path, images: np.ndarray) -> PixelFile:
    path.write_bytes(b"head" + images.tobytes())
    return PixelFile(path=path, count=len(images), offset=4)


@pytest.mark.parametrize("chosen", [None, np.arange(99, 0, -3)])
@pytest.mark.parametrize("keep", [0, 10**9])
def test_rows_are_indexed_as_an_array_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: np.ndarray | None, keep: int
) -> None:
    monkeypatch.setattr(rows, "MAP_BYTES", keep)
    images = np.random.default_rng(0).integers(0, 256, (100, 3, 4, 4), np.uint8)
    mapped = Rows(written(tmp_path / "x.u8", images), (3, 4, 4), chosen)
    array = images if chosen is None else images[chosen]
    assert (mapped.shape, len(mapped), mapped.ndim, mapped.nbytes) == (array.shape, len(array), 4, array.nbytes)
    mask = np.arange(len(array)) % 3 == 0
    for key in (0, -1, slice(3, 20, 2), slice(None, None, -1), [4, 4, -2], np.array([], int), mask, np.array([5, 1])):
        np.testing.assert_array_equal(mapped[key], array[key])
    np.testing.assert_array_equal(mapped[:, 0, 1], array[:, 0, 1])
    np.testing.assert_array_equal(mapped[2, 0], array[2, 0])
    np.testing.assert_array_equal(np.asarray(mapped), array)
    np.testing.assert_array_equal(list(mapped), list(array))
    assert mapped[[0]].flags.writeable  # torch takes no other
    for beyond in (len(array), -len(array) - 1):
        with pytest.raises(IndexError):
            mapped[beyond]
        with pytest.raises(IndexError):
            mapped[[beyond]]


def test_a_file_of_pixels_that_is_too_short_is_told(tmp_path: Path) -> None:
    found = written(tmp_path / "x.u8", np.zeros((10, 1, 4, 4), np.uint8))
    found.path.write_bytes(b"short")
    with pytest.raises(DataError, match="missing, or shorter"):
        Rows(found, (1, 4, 4))


def put_in_place(path: Path, data: bytes) -> None:
    beside = path.with_name("beside")
    beside.write_bytes(data)
    os.replace(beside, path)


@pytest.mark.parametrize("rewrite", [Path.write_bytes, put_in_place])
@pytest.mark.parametrize("kind", ["folder", "list", "npy", "several"])
def test_a_change_that_keeps_size_and_time_is_found(
    tmp_path: Path, rewrite: Callable[[Path, bytes], object], kind: str
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.png").write_bytes(png(i, 12))
    (tmp_path / "list.txt").write_text("".join(f"pictures/{i}.png\n" for i in range(3)))
    np.save(tmp_path / "x.npy", np.zeros((3, 8, 8), np.uint8))
    data = {"folder": folder, "list": tmp_path / "list.txt", "npy": tmp_path / "x.npy", "several": [folder, folder]}[
        kind
    ]
    before = prepare(data, cache=tmp_path / "cache")
    path = tmp_path / "x.npy" if kind == "npy" else folder / "1.png"
    status, content = path.stat(), path.read_bytes()
    rewrite(path, content[:-100] + b"\1" * 100 if kind == "npy" else png(9, 12))
    assert path.stat().st_size == status.st_size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert prepare(data, cache=tmp_path / "cache").fingerprint != before.fingerprint


def test_a_link_that_leads_elsewhere_now_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        (tmp_path / f"{i}").write_bytes(png(i, 12))
        os.utime(tmp_path / f"{i}", (1000, 1000))
        (folder / f"{i}.png").symlink_to(tmp_path / f"{i}")
    before = prepare(folder, cache=tmp_path / "cache")
    (tmp_path / "new").write_bytes(png(7, 12))
    os.utime(tmp_path / "new", (1000, 1000))
    (folder / "1.png").unlink()
    (folder / "1.png").symlink_to(tmp_path / "new")
    assert prepare(folder, cache=tmp_path / "cache").fingerprint != before.fingerprint


@pytest.mark.parametrize("named", ["/etc/passwd", "../../secret.u8", "sub/secret.u8", None, 7])
def test_an_index_cannot_name_a_file_outside_its_folder(greys: Path, tmp_path: Path, named: object) -> None:
    prepare(greys, cache=tmp_path / "cache")
    index_file = stores(tmp_path / "cache")[0] / store.INDEX
    (tmp_path / "cache" / "secret.u8").write_bytes(bytes(10**6))
    index = json.loads(index_file.read_text())
    index["pixels"]["path"] = named
    index_file.write_text(json.dumps(index))
    with pytest.raises(DataError, match=r"damaged .* remove that folder"):
        prepare(greys, cache=tmp_path / "cache")


def test_a_store_cannot_link_to_a_file_outside_its_folder(greys: Path, tmp_path: Path) -> None:
    prepare(greys, cache=tmp_path / "cache")
    pixels = next(stores(tmp_path / "cache")[0].glob("*.u8"))
    pixels.rename(tmp_path / "secret.u8")
    pixels.symlink_to(tmp_path / "secret.u8")
    with pytest.raises(DataError, match=r"\.u8 is a link.* remove that folder"):
        prepare(greys, cache=tmp_path / "cache")
