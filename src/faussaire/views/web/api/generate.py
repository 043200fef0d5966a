"""`/api/generate`: samples of a seed, as a picture, an array, or numbers.

The same seed gives the same bytes from the same generator, whoever else is asking (see `batching`), and the samples
are those of `faussaire generate` with that seed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response

from faussaire.core.errors import ConfigError, RequestError
from faussaire.views.web.shared import SharedDep

if TYPE_CHECKING:
    from faussaire.generation.generator import Generator
    from faussaire.modalities import Modality
    from faussaire.views.web.api.batching import Inputs

MAX_N = 256
MAX_SEED = 2**63 - 1
MAX_NUMBERS = 4_000_000  # in an answer: values of all samples together

router = APIRouter(prefix="/api", tags=["generate"])


class Format(StrEnum):
    """How samples of any kind are sent; each kind of data has files of its own besides (`Modality.forms`)."""

    png = "png"
    npz = "npz"
    json = "json"


MEDIA = {Format.png: "image/png", Format.npz: "application/octet-stream", Format.json: "application/json"}
FormatName = Annotated[
    str, Query(pattern="^[a-z0-9]{1,8}$", description="png, npz, json, or a file of the kind of data: wav, mid, txt.")
]
Run = Annotated[str | None, Query(description="Id of the run; may be left out where one is served.", max_length=255)]
Truncation = Annotated[float, Query(ge=0, le=2, description="Below 1 samples are drawn towards the average one.")]
Class = Annotated[
    str | None,
    Query(alias="class", description="Name or number of a class, for a conditional generator.", max_length=99),
]


@router.get("/generate", response_class=Response, responses={200: {"content": {m: {} for m in MEDIA.values()}}})
async def generate(
    shared: SharedDep,
    run: Run = None,
    n: Annotated[int, Query(ge=1, le=MAX_N, description="How many samples.")] = 1,
    seed: Annotated[int, Query(ge=0, le=MAX_SEED, description="The same seed gives the same bytes.")] = 0,
    label: Class = None,
    truncation: Truncation = 1.0,
    format: FormatName = Format.png,
) -> Response:
    """Make n samples. A picture of several has them in rows; npz and JSON hold uint8 [n, H, W, C]."""
    loaded = await shared.generators.newest(shared.library.run(run))
    generator = loaded.generator
    chosen = class_asked(generator, label)
    check_size(generator, n)
    media_type, encode = encoder(generator.modality, format)
    content = await loaded.batcher.ask(
        n, lambda: drawn(generator, seed, n, label=chosen, truncation=truncation), encode
    )
    return Response(content, media_type=media_type, headers={"X-Nimg": str(generator.nimg)})


def drawn(generator: Generator, seed: int, n: int, *, label: int | None = None, truncation: float = 1.0) -> Inputs:
    """Return the latents `[n, z_dim]` that `Generator.sample` draws for a seed, the classes `[n]` if it has any, and
    the truncation.
    """
    return *next(generator.inputs(n, seed, label)), truncation


def class_asked(generator: Generator, label: str | None) -> int | None:
    """Return the number of the class that was asked for, by name or number; None where none was.

    Raises:
        RequestError: there is no such class, or the generator was trained without.
    """
    try:
        return None if label is None else generator.class_number(label)
    except ConfigError as error:
        raise RequestError(422, "class: {reason}", reason=str(error)) from None


def check_size(generator: Generator, n: int) -> None:
    """Raise RequestError where an answer would be too large."""
    numbers = n * int(np.prod(generator.spec.shape))
    if numbers > MAX_NUMBERS:
        raise RequestError(
            422,
            "n: {n} samples are {numbers} numbers, and an answer has at most {most}; ask for fewer",
            n=n,
            numbers=numbers,
            most=MAX_NUMBERS,
        )


def encoder(modality: Modality, format: str) -> tuple[str, Callable[[np.ndarray], bytes]]:
    """Return a media type, and what turns samples as a user gets them into it: the same samples give the same bytes.

    Raises:
        RequestError: there is no such format of this kind of data.
    """
    if format in MEDIA:
        return MEDIA[Format(format)], lambda samples: _encode(modality, samples, Format(format))
    forms = {form.suffix[1:]: form for form in modality.forms}
    if format not in forms:
        known = ", ".join(dict.fromkeys([*MEDIA, *forms]))
        raise RequestError(422, "format: {format} is none of {known}", format=format, known=known)
    return forms[format].media_type, forms[format].encode


def _encode(modality: Modality, samples: np.ndarray, format: Format) -> bytes:
    if format is Format.png:
        return modality.png(samples)
    content = io.BytesIO()
    if format is Format.npz:
        np.savez(content, samples=samples)  # its dates are fixed: the bytes depend on the samples alone
    else:
        facts = {"shape": list(samples.shape), "samples": samples.tolist()}
        return json.dumps(facts, separators=(",", ":")).encode()
    return content.getvalue()
