"""Data sets of samples: the same again, with labels and provenance, taken up where they broke off."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.core.errors import ConfigError
from faussaire.data import prepare
from faussaire.generation.export import Source, export
from faussaire.generation.export._dataset import write_dataset
from faussaire.generation.export.dataset import Options
from faussaire.generation.generator import Generator
from faussaire.modalities.image import Images
from faussaire.modalities.spec import Samples

OLD = Path(__file__).parents[2] / "fixtures" / "run-0.1.0"
N = 300  # two parts


def labels_of(folder: Path) -> list[str]:
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        return [row["label"] for row in csv.DictReader(file)]


def test_its_files_are_the_samples_of_the_seed(tmp_path: Path) -> None:
    folder, _ = export(OLD, "dataset", tmp_path / "digits", n=N, seed=2)
    files = sorted(folder.glob("*.png"))
    samples = Generator.load(OLD).sample(N, seed=2)
    assert [file.name for file in files] == [f"{index:06d}.png" for index in range(N)]
    assert all(np.array_equal(np.asarray(Image.open(file)), s[..., 0]) for file, s in zip(files, samples, strict=True))
    assert len(labels_of(folder)) == N


def test_it_can_be_trained_on_under_its_labels(tmp_path: Path) -> None:
    folder, _ = export(OLD, "dataset", tmp_path / "digits", n=40, balanced=True)
    data = prepare(folder)
    assert data.spec.classes == ("1", "7")
    assert len(data.images) + len(data.held_out) == 40


def test_balanced_means_as_many_of_each_class(tmp_path: Path) -> None:
    folder, _ = export(OLD, "dataset", tmp_path / "digits", n=N, balanced=True)
    assert Counter(labels_of(folder)) == {"1": N // 2, "7": N // 2}


def test_its_provenance_says_what_it_depends_on(tmp_path: Path) -> None:
    folder, told = export(OLD, "dataset", tmp_path / "digits", n=20, truncation=0.5, label="7")
    facts = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert facts["complete"] is True
    assert (facts["n"], facts["seed"], facts["truncation"], facts["class"]) == (20, 0, 0.5, "7")
    assert len(facts["generator"]["digest"]) == 64
    assert facts["recipe"]["data"] == ["mnist"]
    assert told[1].endswith("provenance.json")


@pytest.mark.parametrize("name", ["digits", "digits.npz"])
def test_what_broke_off_goes_on_and_is_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    whole, _ = export(OLD, "dataset", tmp_path / "whole" / name, n=N)
    broken, asked = tmp_path / "broken" / name, []
    to_array = Images.to_array

    def counted(self: Images, samples: Samples) -> np.ndarray:
        asked.append(len(samples))
        if asked == [256, N - 256]:
            raise KeyboardInterrupt
        return to_array(self, samples)

    monkeypatch.setattr(Images, "to_array", counted)
    with pytest.raises(KeyboardInterrupt):
        export(OLD, "dataset", broken, n=N)
    export(OLD, "dataset", broken, n=N)
    assert asked == [256, N - 256, N - 256]  # the first part was there
    names = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file()]
    assert whole.exists()
    for path in names:
        assert (tmp_path / "broken" / path).read_bytes() == (tmp_path / "whole" / path).read_bytes(), path
    assert len([path for path in (tmp_path / "broken").rglob("*") if path.is_file()]) == len(names)


def test_arrays_hold_the_same_as_files(tmp_path: Path) -> None:
    path, _ = export(OLD, "dataset", tmp_path / "digits.npz", n=N, seed=2)
    with np.load(path, allow_pickle=False) as arrays:
        assert np.array_equal(arrays["samples"], Generator.load(OLD).sample(N, seed=2))
        folder, _ = export(OLD, "dataset", tmp_path / "digits", n=N, seed=2)
        assert [arrays["classes"][label] for label in arrays["labels"]] == labels_of(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits", "digits.npz", "digits.provenance.json"]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    folder, _ = export(OLD, "dataset", tmp_path / "digits", n=20)
    with pytest.raises(ConfigError, match="another seed: choose another --out"):
        export(OLD, "dataset", folder, n=20, seed=1)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="is no data set that broke off"):
        export(OLD, "dataset", mine, n=20)


def test_what_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="-n must be 1"):
        export(OLD, "dataset", tmp_path / "digits", n=0)
    with pytest.raises(ConfigError, match="or --class, for one alone"):
        export(OLD, "dataset", tmp_path / "digits", balanced=True, label="7")
    source = Source(OLD)
    source.generator.class_shares = ()
    with pytest.raises(ConfigError, match="knows no classes: train one --conditional"):
        write_dataset(source, tmp_path / "digits", Options(balanced=True), progress=lambda what, done, total: None)
