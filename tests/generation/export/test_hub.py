"""A generator as a folder that can be given away: it comes back bit for bit, and a stranger's is not believed."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faussaire.cli.main import run as command
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.generation.export import export
from faussaire.generation.generator import Generator

OLD = Path(__file__).parents[2] / "fixtures" / "run-0.1.0"


@pytest.fixture(scope="module")
def given_away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, _ = export(OLD, "hub", tmp_path_factory.mktemp("hub") / "digits", license="cc-by-4.0")
    return path


@pytest.fixture
def folder(given_away: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(given_away, tmp_path / "digits"))


def test_it_comes_back_bit_for_bit(given_away: Path, tmp_path: Path) -> None:
    ours, theirs = Generator.load(OLD), Generator.load(given_away)
    before, after = ours.module.state_dict(), theirs.module.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (theirs.spec, theirs.z_dim, theirs.nimg, theirs.class_shares) == (
        ours.spec, ours.z_dim, ours.nimg, ours.class_shares,
    )  # fmt: skip
    again, _ = export(given_away, "hub", tmp_path / "again")
    for name in ("config.json", "model.safetensors", "samples.png"):
        assert (again / name).read_bytes() == (given_away / name).read_bytes()


def test_the_card_says_what_is_known_and_what_is_not(given_away: Path) -> None:
    card = (given_away / "README.md").read_text("utf-8")
    assert card.startswith('---\nlibrary_name: "faussaire"\n')
    assert 'license: "cc-by-4.0"' in card
    assert "MNIST" in card  # the embedded set that it learnt from, and its licence
    assert "Not measured." in card
    assert "was not tested" in card
    assert "![image samples of seed 0, nobody having chosen](samples.png)" in card
    assert "faussaire.Generator.load(" in card


def test_the_card_has_the_figures_with_their_intervals(tmp_path: Path) -> None:
    run = Path(shutil.copytree(OLD, tmp_path / "run"))
    row = {
        "protocol": "fd2000-pixels-dct", "metric": "frechet", "value": 12.3456, "low": 11.5, "high": 13.25,
        "level": 0.95, "n_real": 1000, "n_fake": 2000, "seed": 0, "nimg": Generator.load(OLD).nimg,
    }  # fmt: skip
    told = {
        "scores": [row, {**row, "nimg": 1, "value": 999}],
        "meanings": {"frechet": {"title": {"en": "Fréchet distance"}}},
        "verdicts": [{"name": "sound", "text": "sound: 90% [88, 92] of samples lie among the reals"}],
        "copies": {"p_value": 0.42},
    }
    (run / "scores.json").write_text(json.dumps(told), "utf-8")
    path, _ = export(run, "hub", tmp_path / "hub")
    card = (path / "README.md").read_text("utf-8")
    assert "| Fréchet distance | 12.35 | 11.5 to 13.25 (95%) | 1,000, 2,000 | `fd2000-pixels-dct`, seed 0 |" in card
    assert "999" not in card  # of another state of the run
    assert "(p = 0.42)" in card


def test_names_of_strangers_are_only_shown(folder: Path, tmp_path: Path) -> None:
    change(folder, lambda told: told["spec"].update(classes=["<script>alert(1)</script>", "[x](javascript:1)"]))
    change(folder, lambda told: told.update(name="../../etc/passwd\n# A title"))
    path, _ = export(folder, "hub", tmp_path / "hub")
    card = (path / "README.md").read_text("utf-8")
    assert "<script>" not in card
    assert "](javascript" not in card
    assert "\n# A title" not in card


def test_the_name_of_what_is_written_is_no_path_of_a_strangers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder, lambda told: told.update(name="../../outside"))
    (tmp_path / "in" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "in" / "here")
    path, _ = export(folder, "hub")
    assert path.resolve().parent == Path.cwd()


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()
    assert command(["export", str(OLD), "--to", "hub", str(tmp_path)]) == 2
    assert "holds other things, such as thesis.tex" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["thesis.tex"]


# What is refused.


def change(folder: Path, how: Callable[[dict], object]) -> None:
    told = json.loads((folder / "config.json").read_text("utf-8"))
    how(told)
    (folder / "config.json").write_text(json.dumps(told), "utf-8")


def change_header(folder: Path, how: Callable[[dict], object]) -> None:
    """Write the weights anew under a header that was changed."""
    content = (folder / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    how(header)
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


def first(header: dict) -> dict:
    return header[next(name for name in header if name.endswith("weight"))]


def sparse(path: Path, size: int) -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def linked(folder: Path, name: str, there: Path) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(there)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pickle beside": (lambda f: (f / "pytorch_model.bin").write_bytes(b"\x80\x04"), "pytorch_model.bin, a pickle"),
    "a pickle for the weights": (lambda f: (f / "model.safetensors").rename(f / "model.pt"), "holds no generator"),
    "a pickle under their name": (
        lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04\x95" + b"." * 100), "its header claims",
    ),
    "a link to another file": (lambda f: linked(f, "config.json", Path("/etc/passwd")), "a link that leads out"),
    "weights elsewhere": (lambda f: linked(f, "model.safetensors", OLD / "reals.png"), "a link that leads out"),
    "a pipe": (lambda f: pipe(f / "config.json"), "is no file"),
    "a giant header": (
        lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}"), "its header claims",
    ),
    "a giant file": (lambda f: sparse(f / "model.safetensors", 1 << 43), "no generator of faussaire has more"),
    "a giant description": (lambda f: sparse(f / "config.json", 1 << 40), "no generator of faussaire has more"),
    "a deep description": (lambda f: (f / "config.json").write_text("[" * 100_000), "cannot be loaded"),
    "tensors that are huge": (lambda f: change(f, lambda c: c.update(z_dim=65536, width=1024)), "GiB of weights"),
    "a latent without end": (lambda f: change(f, lambda c: c.update(z_dim=10**30)), "a z_dim that no"),
    "a sample without end": (lambda f: change(f, lambda c: c["spec"].update(shape=[1, 10**9, 10**9])), "a shape that"),
    "a shape of no size": (lambda f: change(f, lambda c: c["spec"].update(shape=[1, -8, 8])), "a shape that no"),
    "a wrong shape": (
        lambda f: change_header(f, lambda h: first(h).update(shape=first(h)["shape"][::-1])), "holds .* as F32",
    ),
    "a wrong number type": (lambda f: change_header(f, lambda h: first(h).update(dtype="F64")), "holds .* as F64"),
    "a tensor too many": (
        lambda f: change_header(f, lambda h: h.update(hook={"dtype": "F32", "shape": [0], "data_offsets": [0, 0]})),
        "holds 'hook', which the network",
    ),
    "a tensor too few": (lambda f: change_header(f, lambda h: h.pop("dense.bias")), "lacks the weights 'dense.bias'"),
    "overlapping tensors": (
        lambda f: change_header(f, lambda h: first(h).update(data_offsets=[0, 4])), "cannot be loaded",
    ),
    "weights cut short": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-4]), "it is damaged",
    ),
    "a field of its own": (lambda f: change(f, lambda c: c.update(auto_map="evil.py")), "field .* 'auto_map'"),
    "no architecture": (lambda f: change(f, lambda c: c.pop("architecture")), "does not say the architecture"),
    "an architecture that is a path": (
        lambda f: change(f, lambda c: c.update(architecture="../../evil")), "unknown architecture",
    ),
    "a modality that is a path": (
        lambda f: change(f, lambda c: c["spec"].update(modality="../evil")), "unknown modality",
    ),
    "classes that are no names": (lambda f: change(f, lambda c: c["spec"].update(classes=[1, None])), "a classes that"),
    "shares that are no shares": (lambda f: change(f, lambda c: c.update(class_shares=[-1, 2])), "a class_shares that"),
    "words for numbers": (lambda f: change(f, lambda c: c.update(z_dim="100")), "a z_dim that no"),
    "no object": (lambda f: (f / "config.json").write_text("[]"), "cannot be loaded|no JSON object"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_folder_is_refused_in_one_sentence(folder: Path, name: str) -> None:
    spoil, message = HOSTILE[name]
    spoil(folder)
    with pytest.raises((CheckpointError, ConfigError), match=message) as refused:
        Generator.load(folder)
    assert "\n" not in str(refused.value)


def test_refusing_takes_no_memory(folder: Path) -> None:
    """A file of four tebibytes, of which nothing is on the disk, is not read."""
    import resource

    sparse(folder / "model.safetensors", 1 << 42)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError):
        Generator.load(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
