"""What data may be, and what is said when it is none of that."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.zoo import idx, png, prepared_or_refused
from faussaire.core.errors import DataError
from faussaire.data import open_source, prepare


def test_an_unknown_name_is_answered_with_the_embedded_sets() -> None:
    embedded = "mnist, fashion-mnist, names, spoken-digits, chorales"
    with pytest.raises(DataError, match=rf"did you mean fashion-mnist\? \(embedded: {embedded}\)"):
        open_source("fashion-mnits")


def test_a_mistyped_path_is_answered_with_its_neighbour(class_folder: Path) -> None:
    with pytest.raises(DataError, match=r"no such path.* did you mean .*classes\?"):
        open_source(class_folder.with_name("clases"))


@pytest.mark.parametrize("data", ["", "/dev/null", "a\0b", "x" * 5000])
def test_what_cannot_be_data_is_refused_in_one_line(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        prepare(data)
    assert "\n" not in str(caught.value)


def test_a_single_image_is_answered_with_its_folder(class_folder: Path) -> None:
    with pytest.raises(DataError, match="give the folder that it lies in"):
        open_source(class_folder / "cat" / "0.png")


def test_another_kind_of_file_is_answered_with_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    with pytest.raises(DataError, match=r"give a folder of images or MIDI files, a \.zip .* a text of short lines"):
        open_source(tmp_path / "x.pdf")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["npy", "npz", "zip", "gz"]),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.one_of(st.none(), st.integers(0, 1_000)),
)
def test_no_damage_to_a_container_crashes(
    tmp_path: Path, kind: str, edits: list[tuple[int, int]], cut: int | None
) -> None:
    images = np.arange(3 * 64).reshape(3, 8, 8).astype(np.uint8)
    buffer = io.BytesIO()
    if kind == "npy":
        np.save(buffer, images)
    elif kind == "npz":
        np.savez_compressed(buffer, images=images, labels=[0, 1, 1])
    elif kind == "gz":
        buffer.write(gzip.compress(idx(images)))
    else:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(3):
                archive.writestr(f"{i}.png", png(i))
    damaged = bytearray(buffer.getvalue())
    for position, value in edits:
        damaged[position % len(damaged)] = value
    path = tmp_path / {"gz": "train-images-idx3-ubyte.gz"}.get(kind, f"x.{kind}")
    path.write_bytes(bytes(damaged[:cut]))
    dataset = prepared_or_refused(path, resolution=8)
    assert dataset is None or dataset.images.shape[1:] == dataset.spec.shape
