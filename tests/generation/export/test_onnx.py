"""An exported generator: one file that makes what torch made of it, without torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from faussaire.cli.main import run as command
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.generation.export import export
from faussaire.generation.export._graph import store_halves
from faussaire.generation.generator import Generator
from without_torch import run_without_torch

OLD = Path(__file__).parents[2] / "fixtures" / "run-0.1.0"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, _ = export(OLD, "onnx", tmp_path_factory.mktemp("exported") / "model.onnx")
    return path


def test_the_same_seed_gives_the_same_pictures_as_torch(exported: Path) -> None:
    with_torch, without = Generator.load(OLD), Generator.load(exported)
    for seed, truncation in ((0, 1.0), (7, 0.6)):
        ours = without.sample(300, seed=seed, truncation=truncation)
        theirs = with_torch.sample(300, seed=seed, truncation=truncation)
        assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1


def test_it_knows_all_that_the_folder_knows(exported: Path) -> None:
    with_torch, without = Generator.load(OLD), Generator.load(exported)
    for name in ("spec", "z_dim", "name", "nimg", "class_shares", "architecture", "width"):
        assert getattr(without, name) == getattr(with_torch, name), name


def test_it_generates_where_there_is_no_torch(exported: Path, tmp_path: Path) -> None:
    program = f"""
from faussaire.cli.main import run
sys.exit(run(["generate", {str(exported)!r}, "-n", "4", "--out", {str(tmp_path / "grid.png")!r}]))
"""
    done = run_without_torch(program)
    assert done.returncode == 0, done.stderr
    command(["generate", str(OLD), "-n", "4", "--out", str(tmp_path / "torch.png")])
    assert (tmp_path / "grid.png").read_bytes() == (tmp_path / "torch.png").read_bytes()


def test_the_file_states_what_it_takes_to_generate(exported: Path) -> None:
    model = onnx.load(exported)
    facts = {prop.key: json.loads(prop.value) for prop in model.metadata_props}
    assert facts["spec"] == {"modality": "image", "shape": [1, 8, 8], "classes": ["1", "7"], "facts": {}}
    assert facts["opset"] == model.opset_import[0].version == 18
    assert facts["largest_difference"] < 1e-4
    assert facts["recipe"]["architecture"] == facts["architecture"]
    assert len(facts["digest"]) == 64


def test_the_file_tells_nothing_of_the_machine_that_made_it(exported: Path) -> None:
    assert b"/site-packages/" not in exported.read_bytes()
    assert str(Path.home()).encode() not in exported.read_bytes()


def test_engineers_can_run_it_at_any_batch_size_and_truncation(exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    z = np.ones((3, Generator.load(exported).z_dim), np.float32)
    feed = {"z": z, "truncation": np.array(0.5, np.float32)}
    if any(given.name == "class" for given in session.get_inputs()):
        feed["class"] = np.zeros(3, np.int64)
    (three,) = session.run(["samples"], feed)
    (one,) = session.run(["samples"], {name: value[:1] if value.ndim else value for name, value in feed.items()})
    assert three.shape == (3, 1, 8, 8)
    np.testing.assert_allclose(three[0], one[0], atol=1e-6)


def test_weights_of_sixteen_bits_take_half_of_the_room_and_are_near(exported: Path, tmp_path: Path) -> None:
    model, path = onnx.load(exported), tmp_path / "half.onnx"
    store_halves(model)
    onnx.save(model, path)
    assert path.stat().st_size < 0.7 * exported.stat().st_size
    difference = np.abs(Generator.load(path).sample(64).astype(int) - Generator.load(exported).sample(64).astype(int))
    assert difference.mean() < 1


def test_what_is_no_generator_of_ours_is_told_in_one_line(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "junk.onnx").write_bytes(b"not a graph")
    with pytest.raises(CheckpointError, match=r"junk\.onnx cannot be loaded"):
        Generator.load(tmp_path / "junk.onnx")
    with pytest.raises(ConfigError, match="no such generator"):
        Generator.load(tmp_path / "none.onnx")
    for name, facts, message in (
        ("foreign", {}, "was not exported by faussaire"),
        ("newer", {"format": "99"}, "upgrade faussaire"),
        ("bare", {"format": "1"}, "cannot be loaded"),
    ):
        model = onnx.load(exported)
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, facts)
        onnx.save(model, tmp_path / f"{name}.onnx")
        with pytest.raises(CheckpointError, match=message):
            Generator.load(tmp_path / f"{name}.onnx")


def test_an_exported_generator_is_not_exported_again(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="was exported already"):
        export(exported, "onnx", tmp_path / "again.onnx")


def test_it_makes_the_same_data_set(exported: Path, tmp_path: Path) -> None:
    theirs, _ = export(exported, "dataset", tmp_path / "theirs.npz", n=50)
    ours, _ = export(OLD, "dataset", tmp_path / "ours.npz", n=50)
    with np.load(theirs) as a, np.load(ours) as b:
        assert np.abs(a["samples"].astype(int) - b["samples"]).max() <= 1
        assert np.array_equal(a["labels"], b["labels"])
    told = [json.loads((tmp_path / f"{name}.provenance.json").read_text("utf-8")) for name in ("theirs", "ours")]
    assert told[0] == told[1]
