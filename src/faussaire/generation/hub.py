"""Generators on the Hugging Face hub: fetched by `hub:owner/name`, and pushed there.

It needs huggingface_hub (the extra `hub`), which knows where the hub is (`HF_ENDPOINT`), who the user is (`HF_TOKEN`,
or `hf auth login`), and goes on with a download that broke off. Two files are fetched, of which the sizes are asked
first; no code of a stranger's is run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from faussaire.core.errors import ConfigError, ExportError
from faussaire.core.paths import cache_folder
from faussaire.generation.untrusted import (
    DESCRIPTION,
    MAX_DESCRIPTION_BYTES,
    MAX_HEADER_BYTES,
    MAX_WEIGHTS_BYTES,
    PICKLES,
    WEIGHTS,
)

PREFIX = "hub:"
PART = r"(?!\.)[\w.-]{1,96}"
NAME = re.compile(rf"(?P<repo>{PART}/{PART})(?:@(?P<revision>[\w.-]{{1,96}}))?", re.ASCII)
NO_HUB = "the Hugging Face hub needs huggingface_hub: pip install 'faussaire[hub]'"


def is_on_hub(path: str | Path) -> bool:
    """Whether a generator is named by its place on the hub."""
    return str(path).startswith(PREFIX)


def fetch(name: str | Path) -> Path:
    """Fetch the generator `hub:owner/name` or `hub:owner/name@revision`, and return the folder of a copy.

    Without a network, one that was fetched before is taken as it is.

    Raises:
        ConfigError: it is no name, huggingface_hub is not installed, or there is no such generator to be had.
        DataError: there is no folder to keep it in.
    """
    repo, revision = repository(str(name))
    api = _api()
    folder = cache_folder("hub", f"{repo.replace('/', '--')}@{revision or 'main'}")
    try:
        sizes = {file.rfilename: file.size or 0 for file in _siblings(api, repo, revision)}
        wanted = _wanted(sizes, repo)
        for file in wanted:
            api.hf_hub_download(repo, file, revision=revision, local_dir=folder)
    except ConfigError:
        raise
    except Exception as error:  # of huggingface_hub, its HTTP client, or the disk
        if _is_there(folder) and not _is_an_answer(error):
            return folder
        raise ConfigError(f"{PREFIX}{repo} cannot be had ({_reason(error)}): check the name and the network") from None
    for other in {*WEIGHTS} - {*wanted}:  # of an earlier revision
        (folder / other).unlink(missing_ok=True)
    return folder


def push(folder: Path, name: str, *, private: bool) -> str:
    """Upload the folder that `faussaire export --to hub` wrote, and return the address of its page.

    Raises:
        ConfigError: it is no name, or huggingface_hub is not installed.
        ExportError: the hub does not take it.
    """
    repo, revision = repository(name)
    if revision is not None:
        raise ConfigError(f"push to owner/name, without @{revision}: it becomes the newest of its revisions")
    api = _api()
    try:
        page = api.create_repo(repo, private=private or None, exist_ok=True)
        api.upload_folder(repo_id=repo, folder_path=folder, commit_message="A generator, by faussaire")
    except Exception as error:  # of huggingface_hub, its HTTP client, or the disk
        raise ExportError(
            f"{repo} cannot be pushed ({_reason(error)}): log in by `hf auth login` or HF_TOKEN, and check the name "
            "and the network"
        ) from None
    return str(page)


def check_installed() -> None:
    """Raise ConfigError where huggingface_hub is not installed."""
    _api()


def repository(name: str) -> tuple[str, str | None]:
    """Return the parts of `owner/name` or `owner/name@revision`.

    Raises:
        ConfigError: it is neither.
    """
    found = NAME.fullmatch(name.removeprefix(PREFIX))
    if found is None or ".." in name or "--" in name:
        raise ConfigError(f"{name!r} names nothing on the hub: owner/name, or owner/name@revision")
    return found["repo"], found["revision"]


def _api() -> Any:
    """Return the client of the hub.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise ConfigError(NO_HUB) from None
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="faussaire")


def _siblings(api: Any, repo: str, revision: str | None) -> list[Any]:
    found = api.model_info(repo, revision=revision, files_metadata=True)
    return list(found.siblings or [])


def _wanted(sizes: dict[str, int], repo: str) -> list[str]:
    """Return the files to fetch of those that there are.

    Raises:
        ConfigError: it is no generator, or not one that may be opened.
    """
    weights = next((name for name in WEIGHTS if name in sizes), None)
    if DESCRIPTION not in sizes or weights is None:
        raise ConfigError(f"{PREFIX}{repo} holds no generator: it needs {DESCRIPTION} and {WEIGHTS[1]}")
    if pickles := [name for name in sizes if name.lower().endswith(PICKLES)]:
        raise ConfigError(f"{PREFIX}{repo} holds {pickles[0]}, a pickle, which may run a stranger's code: not fetched")
    for name, most in ((DESCRIPTION, MAX_DESCRIPTION_BYTES), (weights, MAX_HEADER_BYTES + MAX_WEIGHTS_BYTES)):
        if sizes[name] > most:
            raise ConfigError(f"{PREFIX}{repo}: its {name} has {sizes[name]:,} bytes, and none has more than {most:,}")
    return [DESCRIPTION, weights]


def _is_there(folder: Path) -> bool:
    return (folder / DESCRIPTION).is_file() and any((folder / name).is_file() for name in WEIGHTS)


def _is_an_answer(error: Exception) -> bool:
    """Whether the hub itself has answered: that there is no such thing, or that nobody may have it."""
    return getattr(error, "response", None) is not None


def _reason(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:200]
