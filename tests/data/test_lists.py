"""Lists of images: how lines are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.given import images_as_given
from data.zoo import png
from faussaire.core.errors import DataError
from faussaire.data import Dataset, prepare
from faussaire.data.labels.references import references, table_columns

pytestmark = pytest.mark.usefixtures("in_this_process")

NAMES = (
    "a.png",
    "#sunset.png",
    "two words.png",
    "one, two.png",
    "x;y.png",
    "it's.png",
    '"q".png',
    "~tilde.png",
    "9.png",
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with an image of each name, whose pixels are its number."""
    for value, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(png(value))
    return tmp_path


def classes_by_name(dataset: Dataset) -> dict[str, str | None]:
    records = dataset.inventory.kept
    return {record.name: None if record.label is None else dataset.spec.classes[record.label] for record in records}


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "list.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def label_of(name: str) -> str:
    return "even" if NAMES.index(name) % 2 == 0 else "odd"


EXPECTED = {name: label_of(name) for name in NAMES}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_name_may_hold_anything(pictures: Path, end: str, mark: str) -> None:
    dataset = prepare(written(pictures, mark + end.join(NAMES) + end))
    assert classes_by_name(dataset) == dict.fromkeys(NAMES)
    assert not len(dataset.inventory.rejected)


@pytest.mark.parametrize(
    "line", ["{0} {1}", "{0}\t{1}", "{0},{1}", "{0};{1}", "{0}, {1}", "{1} {0}", "{1}\t{0}", "{0}   {1}"]
)
def test_a_label_may_stand_on_either_side_of_a_name(pictures: Path, line: str) -> None:
    lines = [line.format(name, label_of(name)) for name in NAMES]
    assert classes_by_name(prepare(written(pictures, "\n".join(lines)))) == EXPECTED


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_table_with_a_header_names_the_same(pictures: Path, mark: str, quoted: bool) -> None:
    lines = [mark.join(["label", "file_name", "split"])]
    for name in NAMES:
        cell = '"' + name.replace('"', '""') + '"' if quoted or name.startswith('"') else name
        lines.append(mark.join([label_of(name), cell, "train"]))
    assert classes_by_name(prepare(written(pictures, "\n".join(lines)))) == EXPECTED


def test_text_of_other_programs_is_read(pictures: Path) -> None:
    lines = "\r\n".join(f"{name}\t{label_of(name)}" for name in NAMES)
    assert classes_by_name(prepare(written(pictures, lines.encode("utf-16")))) == EXPECTED


def test_names_in_an_old_coding_are_their_bytes(tmp_path: Path) -> None:
    names = [b"\xe9t\xe9.png", b"\xe8.png", b"plain.png"]
    for value, name in enumerate(names):
        with open(str(tmp_path).encode() + b"/" + name, "wb") as file:
            file.write(png(value))
    dataset = prepare(written(tmp_path, b"\n".join(names)))
    assert images_as_given(dataset)[:, 0, 0, 0].tolist() == [0, 1, 2]


def test_other_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not UTF-8 text \(line 2\)"):
        prepare(written(tmp_path, b"a.png\n\xe9.png\n"))


def test_a_comment_is_what_names_no_file(pictures: Path) -> None:
    dataset = prepare(written(pictures, "# my list\n#gone.png\n#sunset.png\na.png\n"))
    assert list(classes_by_name(dataset)) == ["#sunset.png", "a.png"]


def test_paths_may_be_absolute_relative_and_of_windows(pictures: Path) -> None:
    (pictures / "sub").mkdir()
    (pictures / "sub" / "b c.png").write_bytes(png(99))
    lines = [f"{pictures}/a.png 0", "./9.png 1", "sub\\b c.png 1", "sub/../x;y.png 0"]
    assert list(classes_by_name(prepare(written(pictures, "\n".join(lines)))).values()) == ["0", "1", "1", "0"]


@pytest.mark.parametrize("lines", [["a.png 0", "9.png 1", "a.png 1"], ["a.png,x", "9.png,x", "./a.png,y"]])
def test_an_image_with_two_labels_is_refused_with_both_lines(pictures: Path, lines: list[str]) -> None:
    with pytest.raises(DataError, match=r"a\.png has two labels, '.' in line 1 and '.' in line 3: an image has one"):
        prepare(written(pictures, "\n".join(lines)))


def test_an_image_that_is_named_again_is_taken_once(pictures: Path) -> None:
    dataset = prepare(written(pictures, "a.png 0\n9.png 1\n./a.png 0\n"))
    assert classes_by_name(dataset) == {"a.png": "0", "9.png": "1"}
    assert "lines that name an image again: 1" in dataset.inventory.notes


def test_several_labels_on_a_line_make_no_class(pictures: Path) -> None:
    dataset = prepare(written(pictures, "a.png 0 1 0\n9.png 1 1 0\nit's.png 0 0 0\n"))
    assert classes_by_name(dataset) == {"a.png": None, "9.png": None, "it's.png": None}
    assert "lines with several labels, which make no class: 3" in dataset.inventory.notes


def test_an_image_without_a_label_among_others_is_left_out(pictures: Path) -> None:
    dataset = prepare(written(pictures, "a.png 0\n9.png 1\nit's.png\n"))
    assert classes_by_name(dataset) == {"a.png": "0", "9.png": "1"}
    assert [(record.name, record.note) for record in dataset.inventory.rejected] == [("it's.png", "no label")]


def test_what_a_label_list_names_in_vain_is_named_without_its_label(pictures: Path) -> None:
    dataset = prepare(written(pictures, "a.png 0\n9.png 1\ngone.png 1\n"))
    assert [(record.name, record.note) for record in dataset.inventory.rejected] == [("gone.png", "no such file")]


@pytest.mark.parametrize(
    ("lines", "targets", "labels"),
    [
        (["https://a.test/1.png", "https://a.test/2.png"], None, [None, None]),
        (["https://a.test/1.png 3", "https://a.test/2.png 4"], None, ["3", "4"]),
        (["https://a.test/1.png,x y", "https://a.test/2.png,z"], None, ["x y", "z"]),
        (["https://a.test/i?a=1,2", "https://a.test/i?a=3,4"], ["https://a.test/i?a=1,2", "https://a.test/i?a=3,4"],
         [None, None]),
        (["url\tclass", "https://a.test/1.png\tx", "https://a.test/2.png\ty"], None, ["x", "y"]),
    ],
)  # fmt: skip
def test_urls_may_have_labels_and_commas(lines: list[str], targets: list[str] | None, labels: list[str | None]) -> None:
    found = references(lines, lambda name: False, table_columns(lines, lambda name: False))
    assert [one.target for one in found] == (targets or ["https://a.test/1.png", "https://a.test/2.png"])
    assert [one.label for one in found] == labels


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("file,label", "cat"),
        ("image_id,breed", "cat"),
        ("filename,caption", None),
        ("file_name,text", None),
        ("path,x,y,width,height", None),
        ("img,something_else,third", None),
        ("class,path", "cat"),
    ],
)
def test_the_column_of_labels_is_known_by_its_name(header: str, label: str | None) -> None:
    lines = [header, ",".join("cat" for _ in header.split(","))]
    found = references(lines, lambda name: False, table_columns(lines, lambda name: False))
    assert [one.label for one in found] == [label]


@pytest.mark.parametrize("text", ["file label\na.png x\n9.png y\n", "a.png;x;\n9.png;y;\n", "# all\na.png x\n9.png y"])
def test_headers_in_blanks_and_marks_at_the_end_are_understood(pictures: Path, text: str) -> None:
    assert classes_by_name(prepare(written(pictures, text))) == {"a.png": "x", "9.png": "y"}


@pytest.mark.parametrize("header", ["fname,label", "photo,breed", "image id;label", "file|label", "Image Index\tclass"])
def test_a_header_names_files_by_the_files_that_are_there(pictures: Path, header: str) -> None:
    mark = next(mark for mark in "|;\t," if mark in header)
    path = pictures / "list.csv"
    path.write_text(f"{header}\na.png{mark}x\n9.png{mark}y\n")
    assert classes_by_name(prepare(path)) == {"a.png": "x", "9.png": "y"}


def test_a_column_of_the_parts_of_a_set_is_no_label(pictures: Path) -> None:
    dataset = prepare(written(pictures, "image_id,partition\na.png,0\n9.png,1\n"))
    assert classes_by_name(dataset) == {"a.png": None, "9.png": None}
    assert "no labels: its column partition tells the part of the set" in dataset.inventory.notes


def test_a_cell_in_quotes_may_go_over_lines(pictures: Path) -> None:
    dataset = prepare(written(pictures, 'path,text,label\na.png,"x\ny, ""z""",p\n9.png,5" nails,q\n'))
    assert classes_by_name(dataset) == {"a.png": "p", "9.png": "q"}


def test_a_number_may_come_before_the_label_and_the_name(pictures: Path) -> None:
    dataset = prepare(written(pictures, "0\t1.000000\ttwo words.png\n1\t2.000000\t9.png\n"))
    assert classes_by_name(dataset) == {"two words.png": "1.000000", "9.png": "2.000000"}


def test_lines_of_json_name_images_and_labels(pictures: Path) -> None:
    (pictures / "metadata.jsonl").write_text(
        '{"file_name": "a.png", "label": 1}\n{"text": "x", "file_name": "9.png", "label": 2}\n'
    )
    assert classes_by_name(prepare(pictures / "metadata.jsonl")) == {"a.png": "1", "9.png": "2"}


def test_files_may_be_given_as_urls(pictures: Path) -> None:
    lines = [(pictures / name).as_uri() for name in ("a.png", "two words.png")]
    assert len(prepare(written(pictures, "\n".join(lines))).images) == 2


def test_a_list_of_ids_is_answered_with_the_folder(pictures: Path) -> None:
    with pytest.raises(DataError, match=r"nothing lies where the list says.*: give the folder of the images"):
        prepare(written(pictures, "id,breed\na,x\n9,y\n"))
