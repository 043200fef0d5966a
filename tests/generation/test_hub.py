"""Pushing a generator to a hub and fetching it: against one on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faussaire.cli.main import run as command
from faussaire.core.errors import ConfigError, ExportError
from faussaire.generation.export import export
from faussaire.generation.export.hub import push_run
from faussaire.generation.generator import Generator
from faussaire.generation.hub import repository
from hub_server import Hub, hub

OLD = Path(__file__).parents[1] / "fixtures" / "run-0.1.0"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_none")
    with hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def test_what_was_pushed_is_what_is_fetched(server: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["push", str(OLD), "ana/digits", "--license", "mit"]) == 0
    told = capsys.readouterr().out
    assert f"{server.address}/ana/digits" in told
    assert 'faussaire.Generator.load("hub:ana/digits")' in told
    files = server.repositories["ana/digits"]
    assert set(files) == {"config.json", "model.safetensors", "README.md", "samples.png"}
    assert 'faussaire.Generator.load("hub:ana/digits")' in files["README.md"].decode()
    fetched = Generator.load("hub:ana/digits")
    assert np.array_equal(fetched.sample(8, seed=3), Generator.load(OLD).sample(8, seed=3))


def test_a_folder_that_was_exported_is_pushed_as_it_is(server: Hub, tmp_path: Path) -> None:
    folder, _ = export(OLD, "hub", tmp_path / "digits")
    with (folder / "README.md").open("a", encoding="utf-8") as card:
        card.write("\nA word of mine.\n")
    push_run(folder, "ana/digits", private=True, license=None, progress=lambda what, done, total: None)
    files = server.repositories["ana/digits"]
    assert files["model.safetensors"] == (folder / "model.safetensors").read_bytes()
    assert files["README.md"].decode().endswith("A word of mine.\n")
    assert 'faussaire.Generator.load("hub:ana/digits")' in files["README.md"].decode()


def test_only_what_it_takes_is_fetched(server: Hub) -> None:
    push_run(OLD, "ana/digits", private=False, license=None, progress=lambda what, done, total: None)
    server.asked.clear()
    Generator.load("hub:ana/digits")
    fetched = {path.rpartition("/")[2] for path in server.asked if "/resolve/" in path}
    assert fetched == {"config.json", "model.safetensors"}


def test_one_that_was_fetched_is_there_without_a_network(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    push_run(OLD, "ana/digits", private=False, license=None, progress=lambda what, done, total: None)
    Generator.load("hub:ana/digits")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert Generator.load("hub:ana/digits").name == Generator.load(OLD).name
    with pytest.raises(ConfigError, match="cannot be had"):
        Generator.load("hub:ana/letters")


def test_what_is_no_generator_is_not_fetched(server: Hub) -> None:
    server.repositories["eve/model"] = {"README.md": b"# Hi"}
    with pytest.raises(ConfigError, match="holds no generator"):
        Generator.load("hub:eve/model")
    server.repositories["eve/model"] = dict.fromkeys(("config.json", "model.safetensors", "hooks.pkl"), b"{}")
    with pytest.raises(ConfigError, match=r"hooks\.pkl, a pickle"):
        Generator.load("hub:eve/model")
    with pytest.raises(ConfigError, match="cannot be had"):
        Generator.load("hub:nobody/nothing")
    assert not any("/resolve/" in path for path in server.asked)


@pytest.mark.parametrize(
    "name", ["digits", "a/b/c", "../secrets", "a/..", "/etc/passwd", "a b/c", "", "a/b@c/d", "a--b/c"]
)
def test_a_name_that_is_none_on_the_hub_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="names nothing on the hub"):
        repository(name)


def test_a_push_that_is_not_taken_says_what_to_do(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ExportError, match=r"cannot be pushed .*log in by"):
        push_run(OLD, "ana/digits", private=False, license=None, progress=lambda what, done, total: None)
