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
import struct
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from faussaire.data.dataset import Source
from faussaire.data.files import Listing, file_source, hidden, too_large
from faussaire.data.names import shown
from faussaire.data.store import writing
from faussaire.errors import DataError

_ENCRYPTED = 0x1  # general purpose bit flag
_UNPACKED_TIMES, _UNPACKED_BYTES = 100, 2**30  # a tar of images that unpacks to more than both is a bomb
_BLOCK_BYTES = 2**20
_ZIP_EXTRA_BYTES = 64  # a guess at the extra fields between an entry's name and its content

T = TypeVar("T")
Read = Callable[[T], bytes]


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
        assert archive.fp is not None
        reader = _Reader(archive.fp)
        named = {shown(info.filename.replace("\\", "/")): info for info in archive.infolist()}
        members = {name: info for name, info in named.items() if not name.endswith("/")}
        read, head = partial(_zip_read, archive, reader), partial(_zip_head, archive)
        return _source(members, read, head, _zip_problem, path, archive.close)
    except BaseException:
        archive.close()
        raise


def _zip_read(archive: zipfile.ZipFile, reader: _Reader, info: zipfile.ZipInfo) -> bytes:
    """Return the content of an entry, by `zipfile` wherever there is anything unusual about it.

    Of a small image, `zipfile` takes a fifth of the time that Pillow takes to decode it, and holds a lock meanwhile.
    """
    usual = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not info.flag_bits & _ENCRYPTED
    usual = usual and info.compress_size <= info.file_size + 2**16
    if usual and reader.concurrent:
        head = 30 + len(info.orig_filename) + _ZIP_EXTRA_BYTES  # most entries come whole by one read
        block = reader.read(info.header_offset, head + info.compress_size)
        begin = 30 + sum(struct.unpack_from("<HH", block, 26)) if len(block) >= 30 else len(block)
        data = block[begin : begin + info.compress_size]
        with suppress(zlib.error):
            if info.compress_type == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, info.file_size or 1)
            if len(data) == info.file_size and zlib.crc32(data) == info.CRC and block.startswith(b"PK\3\4"):
                return data
    return archive.read(info)


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
        members: dict[str, tuple[int, int]] = {}
        try:
            with closing(tarfile.TarFile(fileobj=file, tarinfo=_Member)) as archive:
                for member in archive:
                    if member.isreg() and not member.issparse():
                        members[shown(member.name)] = (member.offset_data, member.size)
                    archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
        except Exception as error:  # tarfile has several for damaged headers, ValueError among them
            if not members:
                raise DataError(f"{path} is not a tar, or is damaged ({error}): make or download it again") from error
            notes.append(f"the tar is damaged after {len(members)} files ({error}): what follows is lost")
        return _source(
            members,
            lambda member: reader.read(*member),
            lambda member: reader.read(member[0], 16),
            lambda member: too_large(member[1]),
            path,
            file.close,
            notes,
        )
    except BaseException:
        file.close()
        raise


class _Reader:
    """Reads parts of one open file from any thread."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()

    @property
    def concurrent(self) -> bool:
        """Whether reads neither wait for one another nor move the file's own position."""
        return hasattr(os, "pread")

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on, or as many as there are."""
        if self.concurrent:
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
    members: Mapping[str, T],
    read: Read[T],
    head: Read[T],
    problem: Callable[[T], str],
    path: Path,
    close: Callable[[], None],
    notes: Sequence[str] = (),
) -> Source:
    """Make a source of the members of an archive: how one is read, its first bytes, and why it cannot be."""
    visible = {name: member for name, member in members.items() if not hidden(name)}
    tops = {name.split("/")[0] for name in visible}
    root = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in visible) else ""
    listing = Listing()
    for name, member in visible.items():
        whole, first = partial(read, member), partial(head, member)
        listing.add(name.removeprefix(root), whole, problem(member), head=first)
    num_hidden = len(members) - len(visible)
    told = [*notes, *([f"hidden files passed over: {num_hidden}"] if num_hidden else [])]
    name = path.name.split(".tar")[0] if ".tar" in path.name else path.stem
    return file_source(listing, name=name, where=str(path), notes=told, close=close)
