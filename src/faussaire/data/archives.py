"""A zip or tar of image files, read in place: no entry is ever written to the disk, so no entry's path can do harm.

A tar that is compressed as a whole is unpacked once, to a file without a name that vanishes with the process: entries
can then be read in any order. When all files lie in one folder, as when a folder was packed, that folder is taken for
the root.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Any

from faussaire.data.dataset import Source
from faussaire.data.files import Listing, file_source, hidden, shown, too_large
from faussaire.data.store import writing
from faussaire.errors import DataError

_ENCRYPTED = 0x1  # general purpose bit flag
_UNPACKED_TIMES, _UNPACKED_BYTES = 100, 2**30  # a tar of images that unpacks to more than both is a bomb
_BLOCK_BYTES = 2**20

Head = Callable[[], bytes]
Files = dict[str, tuple[Callable[[], bytes], Head, str]]
"""Of each file by name: what reads it, what reads its first bytes, and why it cannot be used."""


def zip_source(path: Path, scratch: Path) -> Source:
    """List the images of a zip.

    Raises:
        DataError: the file cannot be opened, is not a zip, or its `labels.csv` cannot be used.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # zipfile has several for damaged tables of contents, struct.error among them
        raise DataError(f"{path} is not a zip, or is damaged ({error}): make or download it again") from error
    try:
        files: Files = {}
        for info in archive.infolist():
            name = shown(info.filename.replace("\\", "/"))
            if not name.endswith("/"):
                files[name] = (partial(archive.read, info), partial(_zip_head, archive, info), _zip_problem(info))
        return _source(files, path, archive.close)
    except BaseException:
        archive.close()
        raise


def _zip_head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(16)


def _zip_problem(info: zipfile.ZipInfo) -> str:
    """Return why an entry cannot be read, as far as the table of contents tells."""
    if info.flag_bits & _ENCRYPTED:
        return "protected by a password"
    return too_large(info.file_size)


class _Member(tarfile.TarInfo):
    """A header whose size may not be negative: before Python 3.14 such a one sends tarfile into an endless loop."""

    def _block(self, count: int) -> int:
        if count < 0:
            raise tarfile.ReadError("a negative size")
        return -(-count // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def tar_source(path: Path, scratch: Path) -> Source:
    """List the images of a tar, compressed or not.

    Raises:
        DataError: the file cannot be opened, is not a tar, or its `labels.csv` cannot be used.
    """
    file, notes = _unpacked(path, scratch)
    try:
        reader = _Reader(file)
        files: Files = {}
        try:
            with closing(tarfile.TarFile(fileobj=file, tarinfo=_Member)) as archive:
                for member in archive:
                    if member.isreg() and not member.issparse():
                        read = partial(reader.read, member.offset_data, member.size)
                        head = partial(reader.read, member.offset_data, 16)
                        files[shown(member.name)] = (read, head, too_large(member.size))
                    archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
        except Exception as error:  # tarfile has several for damaged headers, ValueError among them
            if not files:
                raise DataError(f"{path} is not a tar, or is damaged ({error}): make or download it again") from error
            notes.append(f"the tar is damaged after {len(files)} files ({error}): what follows is lost")
        return _source(files, path, file.close, notes)
    except BaseException:
        file.close()
        raise


class _Reader:
    """Reads parts of one open file from any thread."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on, or as many as there are."""
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), count, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)


def _unpacked(path: Path, scratch: Path) -> tuple[IO[bytes], list[str]]:
    """Open a tar, or what a compressed one unpacks to; say so where it is cut short.

    Raises:
        DataError: it cannot be read, unpacks to far more than it should, or there is no room.
    """
    try:
        packed = path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    with packed:
        opener = _opener(packed.read(8), path)
        if opener is None:
            return path.open("rb"), []
        packed.seek(0)
        limit = max(_UNPACKED_BYTES, _UNPACKED_TIMES * path.stat().st_size)
        with writing(scratch):
            file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115  the source closes it
            num_bytes, notes = 0, []
            stream = opener(packed)
            read = getattr(stream, "read1", stream.read)  # which gives what comes before any damage
            while True:
                try:
                    block = read(_BLOCK_BYTES)
                except Exception as error:  # each kind of compression has its own
                    notes.append(f"damaged where it is unpacked to {num_bytes:,} bytes ({error}): what follows is lost")
                    break
                if not block:
                    break
                num_bytes += len(block)
                if num_bytes > limit:
                    file.close()
                    raise DataError(
                        f"{path} unpacks to more than {_UNPACKED_TIMES} times its size: this is no tar of images"
                    )
                file.write(block)
            file.seek(0)
    return file, notes


def _opener(head: bytes, path: Path) -> Callable[[IO[bytes]], Any] | None:
    """Return what unpacks a stream that begins so; None where it is not compressed."""
    if head.startswith(b"\x1f\x8b"):
        return lambda packed: gzip.GzipFile(fileobj=packed)
    if head.startswith(b"BZh"):
        return bz2.BZ2File
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        try:
            import zstandard
        except ImportError:
            raise DataError(f"{path} is packed by zstd: pip install 'faussaire[zstd]' to read it") from None
        return lambda packed: zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    return None


def _source(
    files: Mapping[str, tuple[Callable[[], bytes], Head, str]],
    path: Path,
    close: Callable[[], None],
    notes: list[str] | None = None,
) -> Source:
    """Make a source of the files of an archive."""
    visible = {name: found for name, found in files.items() if not hidden(name)}
    tops = {name.split("/")[0] for name in visible}
    root = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in visible) else ""
    listing = Listing()
    for name, (read, head, problem) in visible.items():
        listing.add(name.removeprefix(root), read, problem, head=head)
    num_hidden = len(files) - len(visible)
    told = [*(notes or []), *([f"hidden files passed over: {num_hidden}"] if num_hidden else [])]
    name = path.name.split(".tar")[0] if ".tar" in path.name else path.stem
    return file_source(listing, name=name, where=str(path), notes=told, close=close)
