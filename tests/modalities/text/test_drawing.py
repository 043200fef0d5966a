"""Lines as pictures."""

from __future__ import annotations

import numpy as np

from faussaire.modalities.text.drawing import HEIGHT, drawn, line_width


def ink(tile: np.ndarray) -> np.ndarray:
    """Return the columns that are not white."""
    return np.flatnonzero((tile[..., 0] < 128).any(0))


def test_lines_are_drawn_in_tiles_of_one_size_from_the_side_where_they_begin() -> None:
    tiles = drawn(["anna", "שלום", ""], width=200)
    assert (tiles.shape, tiles.dtype) == ((3, HEIGHT, 200, 1), np.uint8)
    assert ink(tiles[0]).max() < 100 < ink(tiles[1]).min()
    assert len(ink(tiles[2])) == 0


def test_letters_of_any_alphabet_leave_ink_and_differ() -> None:
    tiles = drawn(["Ω", "Ж", "ع", "ß", "王"], width=60)
    assert all(len(ink(tile)) for tile in tiles)
    assert len({tile.tobytes() for tile in tiles}) == 5


def test_a_line_that_is_too_wide_is_drawn_narrower() -> None:
    width = line_width(["i", "l", "m"], 4)
    (tile,) = drawn(["mmmmmmmm"], width)
    assert tile.shape == (HEIGHT, width, 1)
    assert ink(tile).max() < width
