"""The inner loop of the page's evaluator in WebAssembly, put together here byte by byte: no toolchain is needed.

    multiply(a, at, b, c, m, n, k, stride):  C[i, j] += sum over q of A[i, q] · B[at[q] + j]

All are addresses in bytes, `at` of k int32 offsets in bytes: the rows of B may lie anywhere, and so a convolution reads
its input through shifted rows without a copy of it (the indirect convolution of Dukhan 2019, arXiv 1907.02129). n is a
multiple of 8, `stride` the bytes between rows of C. Four rows by eight columns are summed in registers of four floats.
Specification: WebAssembly core 2.0, sections 5.4 and 5.5. The whole evaluation of a picture takes a tenth to
a sixteenth of the processor time that it takes with the same loop in JavaScript (V8; docs/guide/page.md).
"""

from __future__ import annotations

from collections.abc import Iterable

I32, V128, VOID = 0x7F, 0x7B, 0x40
GET, SET, TEE = 0x20, 0x21, 0x22
ADD, SUB, MUL, SHL, AT_LEAST = [0x6A], [0x6B], [0x6C], [0x74], [0x4E]
BLOCK, LOOP, END, BREAK, BREAK_IF, NOT = 0x02, 0x03, 0x0B, 0x0C, 0x0D, 0x45
ADD_FOUR, MUL_FOUR = [0xFD, 0xE4, 0x01], [0xFD, 0xE6, 0x01]

PARAMETERS = ("a", "at", "b", "c", "m", "n", "k", "stride")
COUNTERS = ("left", "row_b", "row_c", "many", "place", "b_here", "a0", "a1", "a2", "a3", "c0", "c1", "c2", "c3")
VECTORS = (*(f"sum{i}" for i in range(8)), "b0", "b1", "a_four")
LOCAL = {name: number for number, name in enumerate(PARAMETERS + COUNTERS + VECTORS)}


def multiply_module() -> bytes:
    """Return the module: it imports `env.memory` and exports `multiply`."""
    signature = [0x60, *_vector([[I32]] * len(PARAMETERS)), 0x00]
    imported = [*_text("env"), *_text("memory"), 0x02, 0x00, 0x01]
    exported = [*_text("multiply"), 0x00, 0x00]
    declared = _vector([[*_unsigned(len(COUNTERS)), I32], [*_unsigned(len(VECTORS)), V128]])
    body = [*declared, *_body(), END]
    return bytes(
        [
            *b"\0asm\1\0\0\0",
            *_section(1, [signature]),
            *_section(2, [imported]),
            *_section(3, [[0x00]]),
            *_section(7, [exported]),
            *_section(10, [[*_unsigned(len(body)), *body]]),
        ]
    )


def _body() -> list[int]:
    """Four rows as long as there are four, then one by one; the widest tiles first."""
    return [*_rows(4, (2,)), *_rows(1, (8, 2))]


def _rows(rows: int, widths: Iterable[int]) -> list[int]:
    begin = [*_copy("row_b", "b"), *_copy("row_c", "c"), *_copy("left", "n")]
    tiles = [byte for vectors in widths for byte in _while("left", 4 * vectors, _tile(rows, vectors))]
    ahead = [
        *_move("a", [*_get("k"), *_constant(4 * rows), *MUL]),
        *_move("c", [*_get("stride"), *_constant(rows), *MUL]),
        *_move("m", _constant(-rows)),
    ]
    return _while("m", rows, [*begin, *tiles, *ahead])


def _tile(rows: int, vectors: int) -> list[int]:
    """Sum a tile of so many rows by four times so many columns."""
    code = [*_copy("a0", "a"), *_copy("c0", "row_c")]
    for row in range(1, rows):
        code += [*_sum(f"a{row}", f"a{row - 1}", [*_get("k"), *_constant(2), *SHL])]
        code += [*_sum(f"c{row}", f"c{row - 1}", _get("stride"))]
    places = [(row, vector) for row in range(rows) for vector in range(vectors)]
    for row, vector in places:
        code += [*_get(f"c{row}"), *_load(16 * vector), *_set(f"sum{row * vectors + vector}")]
    code += [*_copy("many", "k"), *_copy("place", "at"), LOOP, VOID]
    code += [*_get("row_b"), *_get("place"), 0x28, 0x02, 0x00, *ADD, *_set("b_here")]
    if rows > 1:
        for vector in range(vectors):
            code += [*_get("b_here"), *_load(16 * vector), *_set(f"b{vector}")]
    for row in range(rows):
        code += [*_get(f"a{row}"), 0xFD, 0x09, 0x02, 0x00, *_set("a_four"), *_move(f"a{row}", _constant(4))]
        for vector in range(vectors):
            name = f"sum{row * vectors + vector}"
            b = _get(f"b{vector}") if rows > 1 else [*_get("b_here"), *_load(16 * vector)]
            code += [*_get(name), *_get("a_four"), *b, *MUL_FOUR, *ADD_FOUR, *_set(name)]
    code += [*_move("place", _constant(4)), *_move("many", _constant(-1)), *_get("many"), BREAK_IF, 0x00, END]
    for row, vector in places:
        name = f"sum{row * vectors + vector}"
        code += [*_get(f"c{row}"), *_get(name), 0xFD, 0x0B, 0x02, *_unsigned(16 * vector)]
    width = 16 * vectors
    return [
        *code,
        *_move("row_b", _constant(width)),
        *_move("row_c", _constant(width)),
        *_move("left", _constant(-4 * vectors)),
    ]


def _while(name: str, least: int, body: Iterable[int]) -> list[int]:
    """Repeat while a local is at least so much."""
    test = [*_get(name), *_constant(least), *AT_LEAST, NOT, BREAK_IF, 0x01]
    return [BLOCK, VOID, LOOP, VOID, *test, *body, BREAK, 0x00, END, END]


def _get(name: str) -> list[int]:
    return [GET, *_unsigned(LOCAL[name])]


def _set(name: str) -> list[int]:
    return [SET, *_unsigned(LOCAL[name])]


def _copy(to: str, name: str) -> list[int]:
    return [*_get(name), *_set(to)]


def _sum(to: str, name: str, code: Iterable[int]) -> list[int]:
    return [*_get(name), *code, *ADD, *_set(to)]


def _move(name: str, code: Iterable[int]) -> list[int]:
    return _sum(name, name, code)


def _load(offset: int) -> list[int]:
    return [0xFD, 0x00, 0x02, *_unsigned(offset)]


def _constant(number: int) -> list[int]:
    return [0x41, *_signed(number)]


def _section(number: int, parts: list[list[int]]) -> list[int]:
    content = _vector(parts)
    return [number, *_unsigned(len(content)), *content]


def _vector(parts: list[list[int]]) -> list[int]:
    return [*_unsigned(len(parts)), *(byte for part in parts for byte in part)]


def _text(text: str) -> list[int]:
    return _vector([[byte] for byte in text.encode()])


def _unsigned(number: int) -> list[int]:
    """LEB128."""
    out = []
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return [*out, number]


def _signed(number: int) -> list[int]:
    """LEB128 of a number that may be negative."""
    out = []
    while not -0x40 <= number < 0x40:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return [*out, number & 0x7F]
