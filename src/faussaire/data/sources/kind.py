"""What a kind of source is: how its files are recognised and opened, and what belongs to them. One entry a kind.

The file of a kind ends with its `SourceKind`, and kinds.py lists them all: nothing else knows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from faussaire.core.disk import read_file
from faussaire.core.packed import head_inside, is_packed
from faussaire.data.dataset import Source

BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""What text in UTF-16 begins with."""

_HEAD_BYTES = 2**16


@dataclass(frozen=True)
class Head:
    """How a file begins."""

    path: Path

    @cached_property
    def data(self) -> bytes:
        """Its first 64 KiB.

        Raises:
            OSError: it cannot be read.
        """
        return read_file(str(self.path), _HEAD_BYTES)

    @cached_property
    def is_packed(self) -> bool:
        """Whether it is a compressed stream."""
        return is_packed(self.data)

    @cached_property
    def inside(self) -> bytes:
        """The first 64 KiB of what it unpacks to."""
        return head_inside(self.path, _HEAD_BYTES) if self.is_packed else self.data

    @property
    def is_text(self) -> bool:
        """Whether it may be text, in UTF-16 if it has the mark of that."""
        return bool(self.inside) and (b"\0" not in self.inside or self.inside.startswith(BYTE_ORDER_MARKS))


@dataclass(frozen=True, kw_only=True)
class SourceKind:
    """A kind of file that holds images."""

    name: str
    """What it is called where the prepared data is kept."""

    open: Callable[[Path, Path], Source]
    """Open a file of this kind; the second path is a folder for files without a name.

    Raises:
        DataError: it cannot be read, or is not what it seemed.
    """

    recognises: Callable[[Head], bool]
    """Whether a file that begins so is of this kind."""

    patterns: tuple[str, ...]
    """What the names of such files look like, in lower case: they tell where the first bytes do not."""

    beside: Callable[[Path], Sequence[Path]] = lambda path: ()
    """The files that belong to one: where they change, the data does."""

    title: Callable[[Path], str] = lambda path: path.stem
    """What the data in a file is called."""
