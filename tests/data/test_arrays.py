"""NumPy files: layouts, ranges, labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data.given import images_as_given, labels_as_given
from data.zoo import colours, prepared_or_refused
from faussaire.core.errors import DataError
from faussaire.data import locate, prepare
from faussaire.data.sources.rows import StackedRows


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 9, 9), (1, 8, 8)),
        ((5, 8, 8, 3), (3, 8, 8)),
        ((5, 3, 8, 8), (3, 8, 8)),
        ((5, 8, 12, 1), (1, 8, 8)),
        ((5, 1, 8, 8), (1, 8, 8)),
        ((5, 8, 8, 4), (3, 8, 8)),
        ((5, 1, 3, 3), (1, 8, 8)),
    ],
)
def test_every_layout_is_recognised(tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    assert prepare(tmp_path / "x.npy").spec.shape == expected


@pytest.mark.parametrize("shape", [(40, 1, 64), (40, 64, 1), (40, 1, 1, 64), (40, 1, 64, 1), (40, 64, 1, 1)])
def test_flat_images_may_have_axes_of_one(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    np.save(tmp_path / "x.npy", images.reshape(shape))
    dataset = prepare(tmp_path / "x.npy")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert "read as rows of 8x8 pixels" in dataset.inventory.notes


@pytest.mark.parametrize("shape", [(40, 3, 64), (40, 3, 64, 1), (40, 3, 1, 64), (40, 64, 1, 3), (40, 1, 64, 3)])
def test_flat_colour_is_told_by_its_axes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), np.uint8)
    np.save(tmp_path / "x.npy", (images if shape[1] == 3 else images.transpose(0, 2, 3, 1)).reshape(shape))
    np.testing.assert_array_equal(images_as_given(prepare(tmp_path / "x.npy")), images)


@pytest.mark.parametrize(("dtype", "factor"), [(np.uint8, 1), (np.float32, 1 / 255)])
def test_the_images_of_matlab_lie_along_the_last_axis(tmp_path: Path, dtype: type, factor: float) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8))
    np.save(tmp_path / "x.npy", (images * factor).astype(dtype).transpose(1, 2, 0))
    dataset = prepare(tmp_path / "x.npy")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert "read as [H, W, N], as MATLAB lays images out" in dataset.inventory.notes


def test_where_squares_do_not_tell_the_other_reading_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (12, 12, 9), np.uint8))
    notes = prepare(tmp_path / "x.npy").inventory.notes
    assert "read as [N, H, W], 12 images of 12x9: if they lie as [H, W, N], save images.transpose(2, 0, 1)" in notes


@pytest.mark.parametrize("shape", [(8, 8), (8, 6), (8, 8, 3), (36,)])
def test_labels_tell_which_axis_the_images_lie_along(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (48, *shape), np.uint8)
    labels = np.arange(48) % 2
    np.savez(tmp_path / "last.npz", X=np.moveaxis(images, 0, -1), y=labels)
    np.savez(tmp_path / "first.npz", X=images, y=labels)
    last, first = (prepare(tmp_path / f"{name}.npz", resolution=8) for name in ("last", "first"))
    np.testing.assert_array_equal(images_as_given(last), images_as_given(first))
    assert labels_as_given(last) == labels.tolist()
    assert "read with the last axis first: there are 48 labels" in last.inventory.notes


def test_as_many_labels_as_an_image_is_wide_are_the_wrong_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((40, 8, 8), np.uint8), labels=np.arange(8))
    with pytest.raises(DataError, match="8 labels"):
        prepare(tmp_path / "x.npz")


def test_one_picture_with_an_axis_of_one_is_no_set(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (64, 64, 1), np.uint8))
    with pytest.raises(DataError, match="looks like a single one"):
        prepare(tmp_path / "x.npy")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8"])
@pytest.mark.parametrize("low", [0.0, -1.0])
def test_floating_point_in_either_range_is_scaled(tmp_path: Path, dtype: str, low: float) -> None:
    values = np.linspace(low, 1, 3 * 64).reshape(3, 8, 8).astype(dtype)
    np.save(tmp_path / "x.npy", values)
    dataset = prepare(tmp_path / "x.npy")
    assert (dataset.images[:].min(), dataset.images[:].max()) == (0, 255)
    assert any(f"in [{low:g}, 1] scaled to 8 bits" in note for note in dataset.inventory.notes)


def test_bytes_of_the_right_size_are_untouched(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(digits[0][:49]))
    dataset = prepare(tmp_path / "x.npy")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], digits[0][:49])
    assert dataset.images[:].flags.c_contiguous


def test_colour_asked_in_grey_is_luma_for_arrays_too(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((2, 8, 8, 3), (255, 0, 0), np.uint8))
    assert np.unique(prepare(tmp_path / "x.npy", channels=1).images).tolist() == [76]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 8), np.uint8), r"has shape \[3, 8\]"),
        (np.zeros((3, 8, 8, 2), np.uint8), r"has shape \[3, 8, 8, 2\]"),
        (np.zeros((3, 0, 8), np.uint8), "no pixels"),
        (np.zeros((0, 8, 8), np.uint8), "0 usable images"),
        (np.zeros((64, 64, 3), np.uint8), r"has shape \[64, 64, 3\]: .* looks like a single one"),
        (np.zeros((3, 8, 8), complex), "holds complex128"),
        (np.zeros((3, 8, 8), "datetime64[s]"), "holds datetime64"),
        (np.full((3, 8, 8), np.nan), "0 usable images found, 3 rejected .* not numbers"),
    ],
)
def test_arrays_that_are_no_images_are_told(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "x.npy")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}, None], object), allow_pickle=True)
    with pytest.raises(DataError, match="holds Python objects"):
        prepare(tmp_path / "x.npy")


def test_npz_has_images_labels_and_classes(tmp_path: Path) -> None:
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=[1, 0, 1, 0], classes=["no", "yes"])
    dataset = prepare(tmp_path / "x.npz")
    assert dataset.spec.classes == ("no", "yes")
    assert labels_as_given(dataset) == [1, 0, 1, 0]


def test_labels_without_names_are_named_by_their_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8), np.uint8), labels=[30, 4, 30])
    dataset = prepare(tmp_path / "x.npz", classes=("30",))
    assert dataset.spec.classes == ("30",)
    assert len(dataset.images) == 2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": [1]}, "holds x \\[1\\], but no `images`"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": [0, 1]}, "3 images, but 2 labels"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": 7}, "one for each image, not int64 "),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": [0.5, 1, 1]}, "labels must be whole numbers"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": np.ones((3, 2))}, "labels must be whole numbers"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": np.zeros((3, 2))}, "labels must be whole numbers"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [-1, 0], "classes": ["a"]}, "labels from -1 to 0"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [1, 0], "classes": ["a", "a"]}, "the same name"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [1, 0], "classes": [1, 2]}, "a list of names"),
    ],
)
def test_an_npz_whose_parts_do_not_fit_is_told(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "x.npz")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=hnp.arrays(
        st.one_of(hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.complex_number_dtypes()),
        hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5),
    )
)
def test_any_array_has_the_right_shape_or_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", array)
    dataset = prepared_or_refused(tmp_path / "x.npy", resolution=4)
    if dataset is None:
        return
    assert len(dataset.images) + len(dataset.inventory.rejected) == len(array)
    assert dataset.images.shape[1:] == dataset.spec.shape
    assert dataset.spec.shape in ((1, 4, 4), (3, 4, 4), (2,))  # pairs are points (tests/kinds)


@pytest.mark.parametrize("dtype", [np.uint16, ">u2", np.int16, np.int32, ">i4", np.int64, np.uint64, np.float32, ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_bytes_of_any_number_type_and_order_are_the_same_images(tmp_path: Path, dtype: str, order: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8), np.uint8)
    np.save(tmp_path / "x.npy", np.asarray(images.astype(dtype), order=order))  # type: ignore[call-overload]
    np.testing.assert_array_equal(images_as_given(prepare(tmp_path / "x.npy"))[:, 0], images)


def test_square_images_in_flat_rows_are_unfolded(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8), np.uint8)
    np.save(tmp_path / "x.npy", images.reshape(9, 64))
    np.testing.assert_array_equal(images_as_given(prepare(tmp_path / "x.npy"))[:, 0], images)


def test_flat_rows_in_colour_are_read_in_the_order_that_is_smoother(tmp_path: Path) -> None:
    pictures = np.stack([np.roll(colours(16, 16), shift, axis=0) for shift in range(5)])
    for name, flat in (("pixels", pictures), ("planes", pictures.transpose(0, 3, 1, 2))):
        np.save(tmp_path / f"{name}.npy", flat.reshape(5, -1))
        np.testing.assert_array_equal(
            images_as_given(prepare(tmp_path / f"{name}.npy")), pictures.transpose(0, 3, 1, 2)
        )


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("images", "labels"),
        ("image", "label"),
        ("X", "y"),
        ("x_train", "y_train"),
        ("X_train", "Y_train"),
        ("train_x", "train_y"),
        ("trainX", "trainY"),
        ("train_images", "train_labels"),
        ("data", "target"),
        ("arr_0", "arr_1"),
        ("pictures", "kinds"),
        ("arr_1", "arr_0"),
    ],
)
def test_an_npz_is_known_by_the_names_in_use_and_by_shape(tmp_path: Path, images: str, labels: str) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", **{labels: [7, 9, 7, 9], images: pictures})  # type: ignore[arg-type]
    dataset = prepare(tmp_path / "x.npz")
    assert dataset.spec.classes == ("7", "9")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], pictures)


def test_of_the_parts_of_an_npz_the_training_part_is_taken_and_the_others_are_told(tmp_path: Path) -> None:
    parts = {
        f"{name}_{part}": value
        for part in ("test", "train", "val")
        for name, value in (
            ("x", np.full((6 if part == "train" else 5, 8, 8), 9, np.uint8)),
            ("y", np.arange(6 if part == "train" else 5)),
        )
    }
    np.savez(tmp_path / "x.npz", **parts)
    inventory = prepare(tmp_path / "x.npz").inventory
    assert (len(inventory.records), len(inventory.classes)) == (6, 6)
    assert "left out of the .npz: x_test, y_test, x_val, y_val" in inventory.notes


@pytest.mark.parametrize(
    "labels",
    [
        np.array([[1], [0], [2]]),
        np.array([1.0, 0.0, 2.0]),
        np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
        np.array([[0, 1.0, 0], [1, 0, 0], [0, 0, 1]]),
        np.array([1, 0, 2], ">i2"),
    ],
)
def test_labels_of_every_form_are_one_number_for_each_image(tmp_path: Path, labels: np.ndarray) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8), np.uint8), labels=labels)
    dataset = prepare(tmp_path / "x.npz")
    assert (dataset.spec.classes, labels_as_given(dataset)) == (("0", "1", "2"), [1, 0, 2])


@pytest.mark.parametrize("labels", [["b", "a", "b"], [b"b", b"a", b"b"]])
def test_labels_in_text_are_the_names_of_classes(tmp_path: Path, labels: list[str]) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8), np.uint8), labels=labels)
    dataset = prepare(tmp_path / "x.npz")
    assert (dataset.spec.classes, labels_as_given(dataset)) == (("a", "b"), [1, 0, 1])


def test_pickled_objects_in_an_npz_are_refused_with_a_way_out(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8), np.uint8), labels=np.array(["a", "b", None], object))
    with pytest.raises(DataError, match=r"`labels` holds Python objects.*save it as numbers .* or as text"):
        prepare(tmp_path / "x.npz")


def test_arrays_in_several_files_stay_mapped(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    np.save(tmp_path / "a.npy", images[:25])
    np.save(tmp_path / "b.npy", images[25:].astype(np.float32) / 255)
    with locate([tmp_path / "a.npy", tmp_path / "b.npy"]).open(tmp_path) as source:
        assert isinstance(source.array, StackedRows)
        assert len(source.array.parts) == 2
        assert all(isinstance(part.raw, np.memmap) for part in source.array.parts)
        np.testing.assert_array_equal(source.array[np.array([39, 0, 24, 25, 24])][:, 0], images[[39, 0, 24, 25, 24]])
    np.testing.assert_array_equal(images_as_given(prepare([tmp_path / "a.npy", tmp_path / "b.npy"]))[:, 0], images)


def test_one_hot_labels_without_a_name_are_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.random.default_rng(0).integers(0, 256, (4, 8, 8)), np.eye(3)[[2, 0, 1, 2]])
    assert labels_as_given(prepare(tmp_path / "x.npz")) == [2, 0, 1, 2]


def test_an_array_of_objects_is_refused_with_a_way_out(tmp_path: Path) -> None:
    objects = np.array([1, "a", None], object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", images=objects)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(DataError, match=r"holds Python objects.*save it as numbers"):
            prepare(tmp_path / name)


@pytest.mark.parametrize("shape", [(0, 64), (0, 1, 64), (0, 8, 8)])
def test_an_array_of_no_images_is_refused_in_one_line(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "none.npy", np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match=r"none\.npy"):
        prepare(tmp_path / "none.npy")
