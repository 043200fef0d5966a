"""Settings: one name everywhere, three layers, and impossible values refused with the way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faussaire.core.config import FIELDS, Config, config_from, field_help, load_recipe, recipes, resolve
from faussaire.core.errors import ConfigError


def test_flags_stand_over_the_recipe_and_the_recipe_over_the_defaults() -> None:
    config = resolve("chapter-dense", {"data": "mnist", "lr": 2e-4, "seed": None})
    assert (config.lr, config.batch_size, config.seed) == (2e-4, 100, Config(data=("mnist",)).seed)


def test_a_length_replaces_the_length_of_the_layer_below_in_whatever_unit() -> None:
    config = resolve("chapter-dense", {"data": "mnist", "minutes": 2})
    assert (config.minutes, config.epochs, config.kimg) == (2.0, None, None)


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_that_ships_is_valid_and_described(name: str) -> None:
    assert load_recipe(name)["description"]
    resolve(name, {"data": "mnist"})


def test_the_chapters_recipes_are_the_chapters() -> None:
    for name, architecture in (("chapter-dense", "dense"), ("chapter-conv", "conv")):
        c = resolve(name, {"data": "mnist"})
        assert (c.architecture, c.loss, c.penalties, c.ema) == (architecture, "bce", (), 0.0)
        assert (c.lr, c.beta1, c.beta2, c.lr_schedule) == (1e-3, 0.9, 0.999, "constant")
        assert (c.batch_size, c.z_dim, c.epochs, c.resolution) == (100, 100, 30, 28)


def test_a_recipe_may_be_a_file_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "mine"\nlr = 0.5\npenalties = ["r1"]\n')
    config = resolve(str(path), {"data": "mnist"})
    assert (config.lr, config.penalties) == (0.5, ("r1",))


@pytest.mark.parametrize(
    ("recipe", "settings", "message"),
    [
        (None, {}, "no data given"),
        (None, {"data": "x", "minutes": 0}, "--minutes must be above 0"),
        (
            None,
            {"data": "x", "minutes": float("nan")},
            "--minutes takes a number of minutes .*, not nan",
        ),
        (None, {"data": "x", "kimg": float("inf")}, "--kimg takes a number of thousands of images .*, not inf"),
        (None, {"data": "x", "minutes": "soon"}, "--minutes takes a number of minutes such as 10 or 0.5, not 'soon'"),
        (None, {"data": "x", "lr": -0.5}, "--lr must be above 0, not -0.5"),
        (None, {"data": "x", "minutes": 1, "kimg": 1}, "give one length"),
        (None, {"data": "x", "z_dim": 0}, "--z-dim must be 1 or more"),
        (None, {"data": "x", "batch_size": 1}, "--batch-size must be 2 or more"),
        (None, {"data": "x", "beta1": 1.0}, "--beta1 takes a share from 0 to below 1 such as 0.5, not 1"),
        (None, {"data": "x", "lr": "fast"}, "--lr takes a learning rate above 0 such as 0.006, not 'fast'"),
        (None, {"data": "x", "seed": True}, "--seed takes a whole number such as 0, not True"),
        (None, {"data": "x", "batchsize": 3}, "did you mean 'batch_size'"),
        ("chapter-dens", {"data": "x"}, "did you mean 'chapter-dense'"),
        ("missing.toml", {"data": "x"}, "unknown recipe"),
    ],
)
def test_what_is_impossible_is_refused_in_words(recipe: str | None, settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(recipe, settings)


def test_a_broken_recipe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("lr = = 1")
    with pytest.raises(ConfigError, match=r"broken\.toml cannot be read"):
        resolve(str(path), {"data": "x"})


def test_settings_survive_json() -> None:
    config = resolve("chapter-conv", {"data": "x", "classes": ["7", "Ankle boot"]})
    assert config_from(json.loads(json.dumps(config.as_dict()))) == config


def test_none_takes_the_penalties_away() -> None:
    assert resolve(None, {"data": "x", "penalties": ["none"]}).penalties == ()


def test_every_setting_has_its_help() -> None:
    assert field_help().keys() == FIELDS.keys()
    assert all(text.endswith(".") for text in field_help().values())


def test_wider_networks_learn_in_smaller_steps_unless_told_otherwise() -> None:
    assert resolve(None, {"data": "x"}).peak_lr == resolve(None, {"data": "x", "width": 8}).peak_lr == 6e-3
    assert resolve(None, {"data": "x", "width": 24}).peak_lr == pytest.approx(2e-3)
    assert resolve(None, {"data": "x", "batch_size": 16}).peak_lr == pytest.approx(3e-3)
    assert resolve(None, {"data": "x", "width": 24, "lr": 5e-3}).peak_lr == 5e-3
