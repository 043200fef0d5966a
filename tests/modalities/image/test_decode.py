"""One image: by the stated rule, or rejected in words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.zoo import bomb, colours, encoded, png
from faussaire.modalities.image.decode import decode, fit_array, quiet_pillow, size_of
from faussaire.modalities.image.rule import Rule

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


def decoded(image: Image.Image, *, resolution: int = 8, channels: int = 3, kind: str = "PNG") -> np.ndarray:
    outcome = decode(encoded(image, kind), Rule(resolution=resolution, channels=channels))
    assert outcome.row is not None, outcome.note
    return outcome.row


def test_an_image_of_the_right_size_keeps_its_bytes() -> None:
    picture = colours(16, 16)
    np.testing.assert_array_equal(decoded(Image.fromarray(picture), resolution=16), picture.transpose(2, 0, 1))


def test_an_oblong_image_is_cropped_to_its_centre() -> None:
    picture = colours(12, 8)
    np.testing.assert_array_equal(decoded(Image.fromarray(picture)), picture[2:10].transpose(2, 0, 1))


def test_a_larger_image_is_averaged_not_sampled() -> None:
    checkers = np.indices((64, 64)).sum(axis=0) % 2 * 255
    pixels = decoded(Image.fromarray(checkers.astype(np.uint8)))
    assert np.abs(pixels.astype(int) - 127).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    picture = Image.fromarray(colours(8, 8))
    # The transposition that undoes each orientation is its own inverse, but for the two quarter turns.
    stored = {
        1: picture,
        2: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: picture.transpose(Image.Transpose.ROTATE_180),
        4: picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: picture.transpose(Image.Transpose.TRANSPOSE),
        6: picture.transpose(Image.Transpose.ROTATE_90),
        7: picture.transpose(Image.Transpose.TRANSVERSE),
        8: picture.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "TIFF"):  # Pillow turns TIFF by itself; it must not be turned twice
        outcome = decode(encoded(stored, kind, exif=exif), Rule(resolution=8, channels=3))
        assert outcome.row is not None
        np.testing.assert_array_equal(outcome.row, colours(8, 8).transpose(2, 0, 1))


def test_a_damaged_exif_block_does_not_cost_the_image() -> None:
    data = encoded(Image.fromarray(colours(8, 8)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with quiet_pillow():
        assert decode(data, Rule(resolution=8, channels=3)).row is not None


def test_half_transparent_black_over_white_is_grey() -> None:
    pixels = decoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)))
    assert np.unique(pixels).tolist() == [127]


def test_a_colour_named_transparent_becomes_white() -> None:
    image = Image.new("RGB", (8, 8), (9, 9, 9))
    data = encoded(image, "PNG", transparency=(9, 9, 9))
    pixels = decode(data, Rule(resolution=8, channels=3)).row
    assert pixels is not None
    assert pixels.min() == 255


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (65535, 255), (0x8080, 128)])
def test_sixteen_bits_span_eight(value: int, expected: int) -> None:
    pixels = decoded(Image.fromarray(np.full((8, 8), value, np.uint16)))
    assert np.unique(pixels).tolist() == [expected]


def test_values_of_32_bits_are_stretched() -> None:
    values = np.linspace(-1e6, 1e6, 64).reshape(8, 8).astype(np.int32)
    pixels = decoded(Image.fromarray(values), kind="TIFF")
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_a_constant_of_32_bits_is_no_division_by_zero() -> None:
    assert decoded(Image.fromarray(np.full((8, 8), 1e9, np.float32)), kind="TIFF").shape == (3, 8, 8)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
def test_every_mode_becomes_rgb_or_grey(mode: str) -> None:
    image = Image.fromarray(colours(8, 8))
    if mode == "LAB":
        image = Image.new("LAB", (8, 8), (128, 128, 128))
    else:
        image = image.convert("L").convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
    for channels in (1, 3):
        assert decoded(image, channels=channels, kind="TIFF").shape == (channels, 8, 8)


def test_grey_is_the_luma_of_rec_601() -> None:
    pixels = decoded(Image.new("RGB", (8, 8), (255, 0, 0)), channels=1)
    assert np.unique(pixels).tolist() == [76]  # 0.299 x 255


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_cut_in_half_is_rejected_in_words(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    outcome = decode(data[: len(data) // 2], Rule(resolution=8, channels=3))
    assert outcome.row is None
    assert outcome.note.startswith(("truncated", "damaged"))


def test_a_bomb_is_rejected_before_it_is_unpacked() -> None:
    with quiet_pillow():
        outcome = decode(bomb(), Rule(resolution=8, channels=3))
    assert outcome.note == "more than 100 megapixels, the limit"


def test_an_image_between_the_limits_of_pillow_and_ours_is_kept_without_a_warning() -> None:
    with quiet_pillow():
        outcome = decode(encoded(Image.new("1", (9_500, 10_000)), "PNG"), Rule(resolution=8, channels=1))
    assert outcome.row is not None


def test_a_grey_sample_padded_with_a_colour_takes_its_luma() -> None:
    rule = Rule(resolution=8, channels=1, fit="pad", background=(255, 0, 0))
    row = decode(encoded(Image.new("L", (8, 4), 200), "PNG"), rule).row
    assert row is not None
    assert row.shape == (1, 8, 8)
    assert (row[0, 0, 0], row[0, 4, 4]) == (76, 200)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_scaled_while_it_is_decoded_and_looks_the_same(orientation: int) -> None:
    small = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8))
    large = small.resize((1600, 1200), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = orientation
    outcome = decode(encoded(large, "JPEG", exif=exif, quality=95), Rule(resolution=32, channels=3))
    whole = decode(encoded(large, "PNG", exif=exif), Rule(resolution=32, channels=3))
    assert outcome.row is not None
    assert whole.row is not None
    assert (outcome.width, outcome.height) == ((1600, 1200) if orientation == 1 else (1200, 1600))
    assert np.abs(outcome.row.astype(int) - whole.row).mean() < 2


def test_a_jpeg_that_is_not_much_larger_is_decoded_whole() -> None:
    data = encoded(Image.fromarray(colours(120, 120)), "JPEG")
    expected = Image.open(io.BytesIO(data)).resize((32, 32), Image.Resampling.LANCZOS)
    outcome = decode(data, Rule(resolution=32, channels=3))
    np.testing.assert_array_equal(outcome.row, np.asarray(expected).transpose(2, 0, 1))


def test_the_size_told_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(colours(24, 16)), "JPEG", exif=exif)
    outcome = decode(data, Rule(resolution=8, channels=3))
    assert (outcome.width, outcome.height) == (24, 16)


def test_a_format_that_is_not_on_the_list_is_not_tried() -> None:
    outcome = decode(encoded(Image.new("L", (8, 8)), "PPM"), Rule(resolution=8, channels=1))
    assert outcome.note.startswith("not an image that can be read")


def test_an_array_goes_by_the_same_rule_as_a_file() -> None:
    picture = colours(24, 16)
    from_array = fit_array(picture.transpose(2, 0, 1), Rule(resolution=8, channels=3)).row
    assert from_array is not None
    np.testing.assert_array_equal(from_array, decoded(Image.fromarray(picture)))


def test_the_size_of_no_image_is_unknown() -> None:
    assert size_of(b"no image") is None
    assert size_of(png(0, size=12)) == (12, 12)


def samples() -> list[bytes]:
    picture = Image.fromarray(colours())
    return [encoded(picture, kind) for kind in FORMATS] + [encoded(picture.convert("P"), "PNG")]


@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(samples()),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.one_of(st.none(), st.integers(0, 2_000)),
)
def test_no_damage_to_a_file_crashes(data: bytes, edits: list[tuple[int, int]], cut: int | None) -> None:
    damaged = bytearray(data)
    for position, value in edits:
        damaged[position % len(damaged)] = value
    outcome = decode(bytes(damaged[:cut]), Rule(resolution=8, channels=3))
    if outcome.row is None:
        assert outcome.note
        assert "\n" not in outcome.note
    else:
        assert outcome.row.shape == (3, 8, 8)
        assert outcome.row.dtype == np.uint8


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_crash(data: bytes) -> None:
    assert decode(data, Rule(resolution=8, channels=1)).note or Image.open(io.BytesIO(data))


def test_a_phone_picture_of_several_images_gives_the_first() -> None:
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    outcome = decode(data, Rule(resolution=8, channels=1))
    assert outcome.row is not None
    assert outcome.row.min() == 255
    assert outcome.note == "first of 2 frames"
