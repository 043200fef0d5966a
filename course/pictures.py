"""The pictures of the course, each a Pillow image that a notebook shows where it stands last in a cell."""

from __future__ import annotations

import html
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor, nn

from faussaire.modalities.pictures import grid, picture
from faussaire.runs.folder import RunFolder
from faussaire.views.curves import D_COLOUR, FAKE_COLOUR, G_COLOUR, REAL_COLOUR
from words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 80
EXTENT = 3.2  # of the plane that is drawn: from minus to plus
HEAT_SIDE = 60  # places a side at which D is asked
ARROWS, ARROW_COLOUR = 40, "#3d2f8f"
TILE = 0.72  # inches of an image in a row
WIDEST = 640  # pixels of a picture of a run
COLOURS = 64  # of an animation
HEAT = LinearSegmentedColormap.from_list("heat", ["#eebfb2", "#ffffff", "#a9d3cf"], N=20)
"""From FAKE to REAL in the colours of fakes and reals, paler; in 20 steps, which make small files."""


@dataclass(frozen=True)
class Pictures:
    """Draws, with words in one language."""

    language: str

    def _words(self, name: str, **values: object) -> str:
        return Words(self.language, "pictures")(name, **values)

    def plane(
        self, real: Tensor, fake: Tensor, D: nn.Module | None = None, *, arrows: bool = False, title: str = ""
    ) -> Image.Image:
        """Draw points of the plane, D's answer everywhere, and with `arrows` where D would have each fake go."""
        figure = _figure(5.2 if D is not None else 4.4, 4.4)
        self._draw_plane(figure.subplots(), real, fake, D, arrows=arrows, title=title, legend=True)
        return _image(figure)

    def planes(self, real: Tensor, moments: Sequence[tuple[str, Tensor, nn.Module | None]]) -> Image.Image:
        """Draw several moments of a game side by side: a title, the fakes and D of each."""
        columns = min(4, len(moments))
        rows = -(-len(moments) // columns)
        side = 2.4 if len(moments) > 1 else 3.2
        figure = _figure(side * columns, (side + 0.2) * rows)
        all_axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        for axes in all_axes[len(moments) :]:
            axes.axis("off")
        for axes, (title, fake, D) in zip(all_axes, moments, strict=False):
            self._draw_plane(axes, real, fake, D, title=title)
        return _image(figure)

    def _draw_plane(
        self,
        axes: Axes,
        real: Tensor,
        fake: Tensor,
        D: nn.Module | None,
        *,
        arrows: bool = False,
        title: str = "",
        legend: bool = False,
    ) -> None:
        if D is not None:
            heat = axes.imshow(_heat(D), extent=(-EXTENT, EXTENT) * 2, origin="lower", cmap=HEAT, vmin=0, vmax=1)
            if legend:
                axes.figure.colorbar(heat, ax=axes, label=self._words("heat"), shrink=0.85)
        for points, colour, name in ((real, REAL_COLOUR, "real"), (fake, FAKE_COLOUR, "fake")):
            if not len(points):
                continue  # nor does the legend name them
            x, y = points.detach().T
            axes.scatter(x, y, s=7, color=colour, label=self._words(name), alpha=0.7, linewidths=0)
        if arrows and D is not None:
            x, y = fake[:ARROWS].detach().T
            along = _slopes(D, fake[:ARROWS])
            axes.quiver(
                x, y, *along.T, color=ARROW_COLOUR, width=0.003, angles="xy", scale_units="xy", scale=1.5, alpha=0.8
            )
        axes.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT), xticks=[], yticks=[], aspect="equal")
        axes.set_title(title, fontsize="medium")
        if legend:
            axes.legend(loc="upper right", fontsize="small", markerscale=2)

    def curves(self, rounds: Sequence[dict[str, float]], *, unit: str = "rounds") -> Image.Image:
        """Draw both losses and D's accuracy with the 50% mark; a dict for each round, with its number at "at"."""
        figure = _figure(6.4, 4.2)
        losses, accuracy = figure.subplots(2, 1, sharex=True)
        at = [row["at"] for row in rounds]
        for name, colour in (("D", D_COLOUR), ("G", G_COLOUR)):
            label = self._words("loss-of", v0=name)
            losses.plot(at, _smooth([row[f"loss_{name}"] for row in rounds]), color=colour, label=label)
        for name, colour in (("real", REAL_COLOUR), ("fake", FAKE_COLOUR)):
            right = _smooth([100 * row[f"right_{name}"] for row in rounds])
            accuracy.plot(at, right, color=colour, label=self._words(f"right-on-{name}"))
        accuracy.axhline(50, color="black", linewidth=1, linestyle="--", label=self._words("chance"))
        accuracy.set(ylim=(0, 102), ylabel=self._words("accuracy"), xlabel=self._words(unit))
        for axes in (losses, accuracy):
            axes.grid(alpha=0.25)
            axes.legend(fontsize="small")
        return _image(figure)

    def rows(self, rows: Mapping[str, np.ndarray]) -> Image.Image:
        """Draw rows of images, uint8 `[n, H, W, C]` each, with their names on the left."""
        columns = max(map(len, rows.values()))
        margin = 0.35 + 0.075 * max(map(len, rows))
        figure = _figure(margin + TILE * columns, TILE * len(rows))
        for axes, (name, images) in zip(np.atleast_1d(figure.subplots(len(rows), 1)), rows.items(), strict=True):
            strip = np.concatenate([*images], axis=1)
            _show(axes, strip)
            axes.set(xlim=(-0.5, columns * images.shape[2] - 0.5))
            axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize="small")
        return _image(figure)

    def named(self, images: np.ndarray, names: Sequence[str], *, columns: int = 10) -> Image.Image:
        """Draw images, uint8 `[n, H, W, C]`, each under its name."""
        rows = -(-len(images) // columns)
        figure = _figure(0.85 * columns, 1.05 * rows)
        all_axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        for axes in all_axes:
            axes.axis("off")
        for axes, image, name in zip(all_axes, images, names, strict=False):
            _show(axes, image)
            axes.set_title(name, fontsize="x-small")
        return _image(figure)

    def bars(self, counts: Mapping[str, float], *, title: str = "") -> Image.Image:
        """Draw numbers with their names."""
        figure = _figure(6, 0.3 + 0.26 * len(counts))
        axes = figure.subplots()
        axes.barh(range(len(counts)), list(counts.values()), color=D_COLOUR)
        axes.set_yticks(range(len(counts)), labels=list(counts), fontsize="small")
        axes.invert_yaxis()
        axes.set_title(title, fontsize="medium")
        return _image(figure)


def _show(axes: Axes, image: np.ndarray) -> None:
    """Draw uint8 `[H, W, C]`, pixel by pixel, without a scale."""
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])


def _smooth(values: Sequence[float]) -> np.ndarray:
    """Return the mean of each value and those around it, up to a fiftieth of all."""
    reach = len(values) // 100
    near = [values[max(0, i - reach) : i + reach + 1] for i in range(len(values))]
    return np.array([np.mean(part) for part in near])


def sheet(images: np.ndarray, *, columns: int | None = None, at_least: int = 56) -> Image.Image:
    """Lay images, uint8 `[N, H, W, C]`, side by side, each enlarged by a whole factor."""
    factor = -(-at_least // images.shape[2])
    return picture(grid(images.repeat(factor, axis=1).repeat(factor, axis=2), columns=columns))


def reports(run: RunFolder) -> list[dict[str, float]]:
    """Return what a run reported on its way, as `Pictures.curves` takes it, over thousands of images shown to D."""
    return [
        {
            "at": event.nimg / 1000,
            **{f"loss_{network}": event.data[f"loss_{network}"] for network in ("D", "G")},
            **{f"right_{side}": event.data[f"accuracy_{side}"] for side in ("real", "fake")},
        }
        for event in run.events("stats")
    ]


def latent_sheet(z: Tensor, images: np.ndarray, *, columns: int = 4, at_least: int = 56) -> Image.Image:
    """Lay latents `[n, z_dim]` out as squares of grey cells, each beside the image, uint8 `[n, H, W, C]`, it became."""
    side = math.isqrt(z.shape[1] - 1) + 1
    cells = torch.zeros(len(z), side * side)
    cells[:, : z.shape[1]] = z.detach()
    grey = (cells * 51 + 127.5).clamp(0, 255).byte().numpy().reshape(-1, side, side)
    height = images.shape[1] * -(-at_least // images.shape[2])
    squares = np.stack([np.asarray(Image.fromarray(one).resize((height, height), 0)) for one in grey])[..., None]
    large = images.repeat(height // images.shape[1], axis=1).repeat(height // images.shape[2], axis=2)
    pairs = np.concatenate([squares.repeat(images.shape[3], axis=3), large], axis=2)
    return picture(grid(pairs, columns=columns))


def opened(path: Path) -> Image.Image:
    """Open a picture of a run, made small enough for a notebook."""
    with Image.open(path) as stored:
        found = stored.convert("RGB")
    if found.width > WIDEST:
        found = found.resize((WIDEST, round(found.height * WIDEST / found.width)), Image.Resampling.LANCZOS)
    return found


def film(frames: Sequence[Image.Image], *, milliseconds: int = 150) -> Any:
    """Make an endless animation."""
    from IPython.display import Image as Shown

    content = io.BytesIO()
    few = [frame.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE) for frame in frames]
    few[0].save(content, "GIF", save_all=True, append_images=few[1:], duration=milliseconds, loop=0)
    return Shown(data=content.getvalue(), format="gif")


def progress(items: Iterable[Any], *, total: int, words: str = "") -> Iterator[Any]:
    """Give the items one by one, and show how many are done."""
    from IPython.display import HTML, display

    shown = display(HTML(_bar(0, total, words)), display_id=True)
    for done, item in enumerate(items, 1):
        yield item
        if done * 50 // total > (done - 1) * 50 // total:
            shown.update(HTML(_bar(done, total, words)))


def _bar(done: int, total: int, words: str) -> str:
    return (
        f'<progress value="{done}" max="{total}" style="width: 60%"></progress> {done} / {total} {html.escape(words)}'
    )


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _image(figure: Figure) -> Image.Image:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return Image.open(content).convert("RGB")


@torch.no_grad()
def _heat(D: nn.Module) -> np.ndarray:
    """Return the probability of REAL at places of the plane `[y, x]`, by a D that returns logits."""
    line = torch.linspace(-EXTENT, EXTENT, HEAT_SIDE)
    y, x = torch.meshgrid(line, line, indexing="ij")
    places = torch.stack([x, y], dim=-1).reshape(-1, 2)
    return D(places).sigmoid().reshape(HEAT_SIDE, HEAT_SIDE).numpy()


def _slopes(D: nn.Module, fake: Tensor) -> np.ndarray:
    """Return the direction `[n, 2]` in which D's logit of each fake rises, the longest of length 1."""
    points = fake.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(points).sum(), points)
    return (slope / slope.norm(dim=1).max().clamp(min=1e-9)).numpy()
