"""A zip of image files, read in offset: no entry is ever written to the disk, so no entry's path can do harm.

One `ZipFile` serves all threads. What its table of contents means is told by members.py. A zip that holds a zip in
place of images is that one: sets are downloaded so, with a train.zip and a test.zip in them.
"""

from __future__ import annotations

import io
import os
import posixpath
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from faussaire.core.disk import raise_if_of_the_moment
from faussaire.core.errors import DataError
from faussaire.core.names import shortened, shown
from faussaire.data.dataset import Source
from faussaire.data.pool.chunks import content
from faussaire.data.sources.files import too_large
from faussaire.data.sources.kind import Head, SourceKind
from faussaire.data.sources.litter import in_litter
from faussaire.data.sources.members import Members, archive_source, title_of
from faussaire.data.store.folder import check_room, writing
from faussaire.modalities import is_item

BEGINS = (b"PK\3\4", b"PK\5\6")
"""What a zip begins with."""

_ENCRYPTED = 0x1  # a general purpose bit flag
_PROTECTED = "protected by a password"
_NOT_UTF_8 = 0xFF & ~0x08  # in the second byte of these
_HEADER_BYTES, _ENTRY_BYTES = 30, 46  # of an entry, at its place and in the table of contents
_UNIX = 3  # the system that an entry was made by
_BYTES = "latin-1"  # in which a name is its bytes
_LONGEST_LINK = 4096
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_OF_OTHERS = (b"data.pkl", b"[Content_Types].xml")  # what torch and spreadsheets put first


def first_name(head: bytes) -> bytes:
    """Return the name of the first file of a zip that begins so; empty where only folders are seen."""
    while head.startswith(BEGINS[0]):
        name, extra = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))  # how many bytes they have
        if not head[: _HEADER_BYTES + name].endswith(b"/"):
            return head[_HEADER_BYTES : _HEADER_BYTES + name]
        head = head[_HEADER_BYTES + name + extra :]
    return b""


def _is_zip(head: Head) -> bool:
    return head.data.startswith(BEGINS) and not first_name(head.data).endswith(_OF_OTHERS)


def zip_source(path: Path, scratch: Path) -> Source:
    """List the images of a zip, or of the zip in it.

    Raises:
        DataError: the file cannot be opened, is not a zip, holds several zips and no images, or its `labels.csv` cannot
            be used.
    """
    return _source(path, path, scratch)


def _source(file_or_path: int | Path, path: Path, scratch: Path) -> Source:
    """List the images of a zip, which is told of by its `path`; an open file is a zip in a zip, and holds no third."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_NamesAsBytes(file_or_path))
            archive = zipfile.ZipFile(file, metadata_encoding=_BYTES)
        except Exception as error:  # zipfile has several for damaged tables of contents, struct.error among them
            raise_if_of_the_moment(error, path)
            raise DataError(f"{path} is not a zip, or is damaged ({error}): make or download it again") from error
        inner = _instead_of_images(archive, path) if isinstance(file_or_path, Path) else None
        if inner is not None:
            return _inner_source(archive, inner, path, scratch)
        members: Members[zipfile.ZipInfo] = Members(read=partial(_read, archive), problem=_problem)
        for info in archive.infolist():
            name = _name(info)
            if _is_link(info):
                _add_link(members, name, archive, info)
            elif not name.endswith("/"):
                members.files.append((name, info))
        source = archive_source(members, path, file.close)
        stack.pop_all()
    return source


def _instead_of_images(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo | None:
    """Return the zip that an archive without images holds: its only one, or that of the training part.

    Raises:
        DataError: there are several.
    """
    zips: list[tuple[str, zipfile.ZipInfo]] = []
    for name, info in ((_name(info), info) for info in archive.infolist()):
        suffix = os.path.splitext(name)[1].lower()
        if (suffix == ".zip" or is_item(suffix)) and not in_litter(name):
            if suffix != ".zip":
                return None
            zips.append((name, info))
    wanted = zips if len(zips) == 1 else [one for one in zips if posixpath.basename(one[0]).lower().startswith("train")]
    if zips and len(wanted) != 1:
        told = shortened(", ".join(shown(name) for name, _ in zips))
        raise DataError(
            f"{path} holds no images, but {len(zips)} archives ({told}): unpack it, and give those you mean"
        )
    return wanted[0][1] if wanted else None


def _inner_source(archive: zipfile.ZipFile, inner: zipfile.ZipInfo, path: Path, scratch: Path) -> Source:
    """Lay a zip in a zip down in a file without a name, and list its images."""
    name = shown(_name(inner))
    if inner.flag_bits & _ENCRYPTED:
        raise DataError(f"{path} holds no images, but {name}, which is {_PROTECTED}: unpack it, and give the folder")
    check_room(scratch, inner.file_size)
    with writing(scratch), tempfile.TemporaryFile(dir=scratch) as file:
        try:
            with archive.open(inner) as packed:
                shutil.copyfileobj(packed, file)
        except _DAMAGED as error:
            raise DataError(f"{path} holds {name}, which is damaged ({error}): make or download it again") from error
        file.flush()
        source = _source(os.dup(file.fileno()), path / name, scratch)
    return replace(
        source,
        name=title_of(path),
        where=str(path),
        notes=(f"the zip holds no images, but {name}, read", *source.notes),
    )


class _NamesAsBytes(io.BufferedReader):
    """A zip whose headers do not say which names are UTF-8: one that is none would cost the whole archive.

    Args:
        file: its path, or the number of an open file, which is then closed with it.
    """

    def __init__(self, file: int | Path) -> None:
        super().__init__(io.FileIO(file))

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as ever; `zipfile` reads the table of contents in one go, and so the header of an entry."""
        data = super().read(-1 if size is None else size)
        if not data.startswith((b"PK\1\2", b"PK\3\4")):
            return data
        plain, offset = bytearray(data), 0
        if len(plain) == _HEADER_BYTES:
            plain[7] &= _NOT_UTF_8
        while plain[offset : offset + 4] == b"PK\1\2" and offset + _ENTRY_BYTES <= len(plain):
            plain[offset + 9] &= _NOT_UTF_8
            offset += _ENTRY_BYTES + sum(struct.unpack_from("<3H", plain, offset + 28))  # name, extra, comment
        return bytes(plain)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry: as UTF-8 where it is that, whether it says so or not."""
    name = info.orig_filename
    if not name.isascii():
        raw = name.encode(_BYTES)
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode("cp437")  # as the format has it: each byte is a letter of its own
    return name.replace("\\", "/")


def _add_link(members: Members[zipfile.ZipInfo], name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    target, why, _ = content(partial(archive.read, info))
    if target is None:
        members.others.append((name, why))
    else:
        members.add_link(name, target.decode("utf-8", "surrogateescape"))


def _is_link(info: zipfile.ZipInfo) -> bool:
    link = info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16)
    return link and info.file_size <= _LONGEST_LINK and not info.flag_bits & _ENCRYPTED


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, count: int = -1) -> bytes:
    with archive.open(info) as file:
        return file.read(count)


def _problem(info: zipfile.ZipInfo) -> str:
    """Return why an entry cannot be read, as far as the table of contents tells."""
    return _PROTECTED if info.flag_bits & _ENCRYPTED else too_large(info.file_size)


ZIP = SourceKind(name="zip", open=zip_source, recognises=_is_zip, patterns=("*.zip",))
