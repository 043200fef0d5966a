"""Messages of errors: one line each, whatever they quote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faussaire.core.errors import DataError, RequestError
from faussaire.data import prepare


def test_a_message_is_one_line_of_what_can_be_printed() -> None:
    assert str(DataError("one\ntwo\x1b[31m \udcff")) == "one two\ufffd[31m \ufffd"
    assert str(RequestError(404, "no such run: über")) == "no such run: über"


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    text = str(DataError(f"here: {'x' * 100_000}: do this"))
    assert len(text) < 1600
    assert text.startswith("here: x")
    assert text.endswith("x: do this")


@pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.npz", "x.npy", "x-images-idx3-ubyte", "x.parquet", "x.zip", "x"])
@pytest.mark.parametrize(
    "content", [b"9," * 50_000, b"word/" * 50_000, b'{"a":' * 50_000, b"1 2 3\n" * 50_000, bytes(9999)]
)
def test_no_content_makes_a_long_message(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        prepare(tmp_path / name)
    assert len(str(caught.value)) < 1000
    assert "\n" not in str(caught.value)


def test_thousands_of_names_make_no_long_message(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **{f"weights_of_layer_{i}": np.zeros(3) for i in range(500)})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="but no `images`") as caught:
        prepare(tmp_path / "x.npz")
    assert len(str(caught.value)) < 500
