"""A zip of image files, read in place: nothing is ever extracted to the disk, so no entry's path can do harm.

When all files lie in one folder, as when a folder was zipped, that folder is taken for the root.
"""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

from faussaire.data.dataset import Source
from faussaire.data.files import Listing, file_source, hidden, shown, too_large
from faussaire.errors import DataError

_ENCRYPTED = 0x1  # general purpose bit flag


def zip_source(path: Path) -> Source:
    """List the images of a zip.

    Raises:
        DataError: the file cannot be opened, is not a zip, or its `labels.csv` cannot be used.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise DataError(f"{path} is not a zip, or is damaged ({error}): make or download it again") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return _list(archive, path)
    except BaseException:
        archive.close()
        raise


def _list(archive: zipfile.ZipFile, path: Path) -> Source:
    files = {shown(info.filename.replace("\\", "/")): info for info in archive.infolist()}
    files = {name: info for name, info in files.items() if not name.endswith("/")}
    visible = {name: info for name, info in files.items() if not hidden(name)}
    tops = {name.split("/")[0] for name in visible}
    root = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in visible) else ""
    listing = Listing()
    for name, info in visible.items():
        listing.add(name.removeprefix(root), partial(archive.read, info), _problem(info))
    num_hidden = len(files) - len(visible)
    notes = [f"hidden files passed over: {num_hidden}"] if num_hidden else []
    return file_source(listing, name=path.stem, where=str(path), notes=notes, archive=archive)


def _problem(info: zipfile.ZipInfo) -> str:
    """Return why an entry cannot be read, as far as the table of contents tells."""
    if info.flag_bits & _ENCRYPTED:
        return "protected by a password"
    return too_large(info.file_size)
