"""QR codes: what was put in is read back, without an error, from a code that another encoder makes, too."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from faussaire.views.web.classroom import qr

LINK = "http://192.168.1.20:8765/"
OF_ANOTHER_ENCODER = {
    (LINK, 0): "c6102356b164038b",
    (LINK, 5): "2d7551c8758459d2",
    ("w" * 106, 2): "09282bd85aeca42a",
}
"""SHA-256 of the modules, a byte each, as python-qrcode 8 makes them: by text and mask, level L."""


@pytest.mark.parametrize(("text", "mask"), list(OF_ANOTHER_ENCODER))
def test_every_module_is_that_of_another_encoder(text: str, mask: int) -> None:
    version = 2 if text == LINK else 5
    frame = qr._frame(version)
    made = qr._masked(frame, qr._filled(frame, qr._codewords(text.encode(), version)), mask)
    digest = hashlib.sha256(made.astype(np.uint8).tobytes()).hexdigest()
    assert digest[:16] == OF_ANOTHER_ENCODER[text, mask]


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 21), ("x" * 17, 21), ("x" * 18, 25), (LINK, 25), ("http://salle-12.local:8765/é", 25), ("y" * 53, 29),
     ("z" * 78, 33), ("w" * 106, 37)],
)  # fmt: skip
def test_what_was_put_in_is_read_back(text: str, size: int) -> None:
    code = qr.qr_code(text)
    assert code is not None
    assert code.shape == (size, size)
    version = (size - 17) // 4
    words = read(code, version)
    room, _ = qr.CODEWORDS[version]
    bits = "".join(f"{word:08b}" for word in words[:room])
    length = int(bits[4:12], 2)
    content = bytes(int(bits[12 + 8 * i : 20 + 8 * i], 2) for i in range(length))
    assert (bits[:4], content.decode()) == ("0100", text)
    assert syndromes(words, qr.CODEWORDS[version][1]) == {0}


def read(code: np.ndarray, version: int) -> list[int]:
    """Return the codewords, by the mask that the format names."""
    n = len(code)
    fmt = int("".join(str(int(code[place])) for place in qr._format_places(n)[:5]), 2) ^ 0b10101
    assert fmt >> 3 == 0b01  # level L
    frame = qr._frame(version)
    i, j = np.ogrid[:n, :n]
    turned = np.broadcast_to(qr.MASKS[fmt & 7](i, j), (n, n)) == 0
    bits, upward = "", True
    for right in [*range(n - 1, 6, -2), *range(5, 0, -2)]:
        for row in range(n - 1, -1, -1) if upward else range(n):
            bits += "".join(
                str(int(code[row, column] ^ turned[row, column])) for column in (right, right - 1)
                if frame[row, column] == qr.FREE
            )  # fmt: skip
        upward = not upward
    return [int(bits[k : k + 8], 2) for k in range(0, len(bits) - 7, 8)]


def syndromes(words: list[int], count: int) -> set[int]:
    """Return the values of the polynomial of the codewords at its roots: 0 where nothing is wrong."""
    found = set()
    for power in range(count):
        value = 0
        for word in words:
            value = qr._times(value, qr._power(power)) ^ word
        found.add(value)
    return found


def test_a_text_that_is_too_long_has_no_code() -> None:
    assert qr.qr_code("x" * 107) is None


def test_a_code_is_drawn_module_by_module() -> None:
    assert qr.drawn(np.array([[True, False], [False, True]])) == "M0 0h1v1h-1zM1 1h1v1h-1z"
