"""A file of weights as safetensors that says its own SHA-256, and is the same bytes for the same content."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping

import torch
from safetensors.torch import save
from torch import Tensor


def serialised(tensors: Mapping[str, Tensor], nimg: int) -> bytes:
    """Return the file of a generator's tensors, the processor's, whose run had seen so many images.

    The library leaves the order of the metadata to chance: here it is sorted.
    """
    metadata = {"nimg": str(nimg), "sha256": digest(tensors, str(nimg))}
    content = save(dict(tensors), metadata=metadata)
    (length,) = struct.unpack("<Q", content[:8])
    header = {**json.loads(content[8 : 8 + length]), "__metadata__": metadata}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(length)
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def check_digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Check the tensors of a file by what its metadata says; version 0.2 said nothing.

    Raises:
        ValueError: they are not as they were written.
    """
    told = metadata.get("sha256")
    if told is not None and told != digest(tensors, metadata.get("nimg", "")):
        raise ValueError("the SHA-256 of its weights is not the recorded one")


def digest(tensors: Mapping[str, Tensor], nimg: str) -> str:
    """Return the SHA-256 of tensors of the processor by name, and of how many images their run had seen."""
    found = hashlib.sha256(nimg.encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
