"""The API of the explore page: any place in latent space, walks between places, and the nearest training image."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response

from faussaire.core.errors import DataError, FaussaireError, RequestError
from faussaire.core.inline import data_address
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api.generate import (
    MEDIA,
    Class,
    Format,
    FormatName,
    Run,
    Truncation,
    check_size,
    class_asked,
    encoder,
)
from faussaire.views.web.api.generators import Loaded
from faussaire.views.web.api.latents import latent_at, walk
from faussaire.views.web.shared import SharedDep

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.data import Rows
    from faussaire.modalities import Modality
    from faussaire.views.web.api.batching import Inputs

MAX_POINTS = 6
MAX_FRAMES = 96
MAX_MOVE = 8.0
FILM_WIDTH = 168  # a frame of a film is at least so many pixels wide
FRAME_MS = 80

router = APIRouter(prefix="/api", tags=["explore"])
STEPS = r"(-?\d(\.\d{1,3})?(,-?\d(\.\d{1,3})?){0,5})?"
Point = Annotated[
    str, Query(max_length=200, description="A place in latent space, such as 7.3, 7.3-9.1+2.0, or 7.3~2,0,-1 (moved).")
]
Moves = Annotated[str, Query(max_length=99, pattern=f"^{STEPS}$", description="Steps, -8 to 8.")]


@router.get("/latent", response_class=Response, responses={200: {"content": {m: {} for m in MEDIA.values()}}})
async def latent(
    shared: SharedDep,
    z: Point,
    run: Run = None,
    moves: Moves = "",
    label: Class = None,
    truncation: Truncation = 1.0,
    format: FormatName = Format.png,
) -> Response:
    """Make the sample at a place, moved along the directions in which samples vary most."""
    loaded = await shared.generators.newest(shared.library.run(run))
    there = _there(loaded, z, moves, label, truncation)
    media_type, encode = encoder(loaded.generator.modality, format)
    content = await loaded.batcher.ask(1, there, encode)
    return Response(content, media_type=media_type, headers={"X-Nimg": str(loaded.generator.nimg)})


def _there(loaded: Loaded, z: str, moves: str, label: str | None, truncation: float) -> Callable[[], Inputs]:
    """Return what draws the input of one sample: a place, moved, of the class asked for or of that of the place."""
    chosen = class_asked(loaded.generator, label)

    def there() -> Inputs:
        latent, own = _latent_of(loaded, z)
        return _moved(loaded, latent, _steps(moves))[None], _labels(own, chosen, 1), truncation

    return there


def _latent_of(loaded: Loaded, point: str) -> tuple[Tensor, Tensor | None]:
    """Return the latent `[z_dim]` of a place, moved by what stands after a `~`, and its class."""
    place, _, moves = point.partition("~")
    if not re.fullmatch(STEPS, moves):
        raise RequestError(422, "moves: each is between -{most} and {most}", most=MAX_MOVE)
    latent, own = latent_at(loaded.generator, place)
    return _moved(loaded, latent, _steps(moves)), own


def _steps(moves: str) -> list[float]:
    return [float(step) for step in moves.split(",") if step]


def _labels(own: Tensor | None, chosen: int | None, count: int) -> Tensor | None:
    """Return a class `[count]` for each sample: the one that was chosen, or a place's own; None without classes."""
    import torch

    if own is None:
        return None
    return torch.full((count,), int(own) if chosen is None else chosen, dtype=torch.int64)


def _moved(loaded: Loaded, z: Tensor, steps: list[float]) -> Tensor:
    """Return a latent `[z_dim]` moved by so much along each of the directions."""
    if not any(steps):
        return z
    if any(abs(step) > MAX_MOVE for step in steps):
        raise RequestError(422, "moves: each is between -{most} and {most}", most=MAX_MOVE)
    from faussaire.generation.directions import directions

    ways: Tensor = _remembered(loaded, "directions", lambda: directions(loaded.generator))
    for step, way in zip(steps, ways, strict=False):
        z = z + step * way
    return z


def _remembered(loaded: Loaded, name: str, work_out: Callable[[], Any]) -> Any:
    """Return what was worked out about a generator, for the first time or again; in the inference thread only."""
    if name not in loaded.memory:
        loaded.memory[name] = work_out()
    return loaded.memory[name]


@router.get("/walk", response_class=Response, responses={200: {"content": {"image/gif": {}}}})
async def film(
    shared: SharedDep,
    z: Annotated[list[str], Query(min_length=2, max_length=MAX_POINTS, description="Places to pass.")],
    run: Run = None,
    frames: Annotated[int, Query(ge=4, le=MAX_FRAMES)] = 32,
    label: Class = None,
    truncation: Truncation = 1.0,
    format: Annotated[str, Query(pattern="^(gif|png|npz)$")] = "gif",
) -> Response:
    """Make a film of the way from place to place and back to the first: a GIF, a sheet of pictures, or an array."""
    import torch

    from faussaire.modalities.pictures import gif

    loaded = await shared.generators.newest(shared.library.run(run))
    generator = loaded.generator
    chosen = class_asked(generator, label)
    count = max(1, frames // len(z)) * len(z)
    check_size(generator, count)

    def way() -> Inputs:
        points = [_latent_of(loaded, point) for point in z]
        latents = walk(torch.stack([point for point, _ in points]), frames)
        return latents, _labels(points[0][1], chosen, count), truncation

    media_type, encode = ("image/gif", None) if format == "gif" else encoder(generator.modality, format)

    def finish(samples: np.ndarray) -> bytes:
        if encode is None:
            return gif(generator.modality.tiles(samples, FILM_WIDTH), milliseconds=FRAME_MS)
        return encode(samples)

    content = await loaded.batcher.ask(count, way, finish)
    return Response(content, media_type=media_type)


@router.get("/nearest")
async def nearest(
    shared: SharedDep, z: Point, run: Run = None, moves: Moves = "", label: Class = None, truncation: Truncation = 1.0
) -> dict[str, Any]:
    """Find the training image that is nearest to a sample, by the root mean square of their pixels' difference."""
    folder = shared.library.run(run)
    loaded = await shared.generators.newest(folder)
    there = await loaded.batcher.ask(1, _there(loaded, z, moves, label, truncation), lambda samples: samples[0])
    if "training" not in loaded.memory:  # reading them may take seconds: not in the inference thread
        loaded.memory["training"] = await asyncio.to_thread(_training_images, folder)
    return await asyncio.to_thread(_nearest, loaded.generator.modality, there, loaded.memory["training"])


def _training_images(run: RunFolder) -> Rows:
    """Read the samples `[N, *shape]` that a run was trained on, from where they were then.

    Raises:
        RequestError: they are not there any more.
    """
    from faussaire.data import prepare
    from faussaire.runs.opening import recorded_config, recorded_fingerprint

    try:
        config = recorded_config(run)
        dataset = prepare(config.data, **config.preparation(), fingerprint=recorded_fingerprint(run))
        if not dataset.fits(run.read_json(run.config)["fingerprint"]):
            raise DataError("they are other images now")
    except (FaussaireError, KeyError):
        raise RequestError(409, "the training images are not where they were when the run was trained") from None
    return dataset.images


def _nearest(modality: Modality, sample: np.ndarray, rows: Rows) -> dict[str, Any]:
    """Compare a sample as a user gets it with every row `[N, *shape]`."""
    (flat,) = modality.compared(np.asarray([sample]))
    best, least = 0, np.inf
    for first in range(0, len(rows), 1024):
        others = modality.compared(modality.from_rows(rows[first : first + 1024]))
        squares = np.square(others - flat).mean(1)
        if squares.min() < least:
            best, least = first + int(squares.argmin()), float(squares.min())
    png = modality.png(modality.from_rows(rows[[best]]))
    distance = round(float(np.sqrt(least)), 2)
    return {"index": best, "of": len(rows), "distance": distance, "picture": data_address("image/png", png)}
