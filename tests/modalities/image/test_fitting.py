"""How oblong pictures become squares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.zoo import colours
from faussaire.core.errors import ConfigError
from faussaire.data import prepare
from faussaire.modalities.image.fitting import CROP, PAD, SMART, STRETCH, fit

WIDE = Image.fromarray(colours(8, 24))


def test_crop_keeps_the_middle() -> None:
    np.testing.assert_array_equal(np.asarray(fit(WIDE, 8, how=CROP)), colours(8, 24)[:, 8:16])


def test_pad_keeps_all_amid_the_background() -> None:
    padded = np.asarray(fit(WIDE, 24, how=PAD, background=(1, 2, 3)))
    np.testing.assert_array_equal(padded[8:16], colours(8, 24))
    assert (padded[:8] == (1, 2, 3)).all()
    assert (padded[16:] == (1, 2, 3)).all()


def test_pad_leaves_alpha_clear() -> None:
    padded = np.asarray(fit(WIDE.convert("RGBA"), 24, how=PAD))
    assert (padded[0, :, 3] == 0).all()
    assert (padded[8:16, :, 3] == 255).all()


def test_stretch_shows_all_out_of_proportion() -> None:
    stretched = np.asarray(fit(Image.fromarray(colours(24, 24)).resize((24, 8)), 24, how=STRETCH))
    assert np.abs(stretched.astype(int) - colours(24, 24)).mean() < 6


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("place", [0, 20, 75])
def test_smart_finds_where_something_happens(turned: bool, place: int) -> None:
    pixels = np.full((100, 300, 3), 128, np.uint8)
    left = place * 2
    pixels[30:70, left : left + 100] = np.random.default_rng(0).integers(0, 256, (40, 100, 3))
    image = Image.fromarray(pixels.swapaxes(0, 1).copy() if turned else pixels)
    found = np.asarray(fit(image, 100, how=SMART)).astype(int)
    middle = np.asarray(fit(image, 100, how=CROP)).astype(int)
    assert found.std() > 0.9 * pixels[:, left : left + 100].std()
    assert place == 50 or found.std() >= middle.std()


@pytest.mark.parametrize("how", [CROP, PAD, STRETCH, SMART])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (16, 16)])
def test_any_way_gives_a_square_of_the_same_mode(how: str, mode: str, size: tuple[int, int]) -> None:
    found = fit(Image.new(mode, size), 16, how=how)
    assert (found.size, found.mode) == ((16, 16), mode)


def test_a_square_of_the_right_size_keeps_its_bytes() -> None:
    for how in (CROP, PAD, STRETCH, SMART):
        np.testing.assert_array_equal(np.asarray(fit(Image.fromarray(colours(9, 9)), 9, how=how)), colours(9, 9))


@pytest.mark.parametrize(
    ("sizes", "note"),
    [
        ([(32, 32), (64, 64)], ""),
        (
            [(32, 24), (30, 20)],
            "fit crop: sides have a median ratio of 1.42, oblong images are cropped to their central",
        ),
        (
            [(64, 20), (20, 64), (32, 32)],
            "fit pad: sides have a median ratio of 3.20, oblong images are padded to squares",
        ),
    ],
)
def test_the_way_is_chosen_by_the_proportions_and_said(tmp_path: Path, sizes: list[tuple[int, int]], note: str) -> None:
    for number, (width, height) in enumerate(sizes):
        Image.fromarray(colours(height, width)).save(tmp_path / f"{number}.png")
    notes = "\n".join(prepare(tmp_path).inventory.notes)
    assert note in notes
    assert bool(note) == ("fit " in notes)
    asked = "\n".join(prepare(tmp_path, fit="stretch").inventory.notes)
    assert "fit " not in asked


@pytest.mark.parametrize(
    "wrong",
    [{"fit": "squash"}, {"background": "greenish"}, {"frames": "last"}, {"duplicates": "some"}, {"channels": 2}],
)
def test_settings_that_do_not_exist_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}.*(one of|try)"):
        prepare("mnist", **wrong)  # type: ignore[arg-type]
