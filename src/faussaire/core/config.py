"""Every setting of a run, and the only place where a default value lives.

The same names serve everywhere: `Config(batch_size=64)`, `batch_size = 64` in a recipe, `--batch-size 64` on the
command line (whose help is the docstring under each field), `batch_size=64` in `faussaire.train`. A recipe is a TOML
file of some of these settings; what is asked for explicitly stands over the recipe, the recipe over the defaults.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from faussaire.core.errors import ConfigError
from faussaire.core.quantities import QUANTITIES, refused
from faussaire.core.suggestions import did_you_mean

LENGTHS = ("minutes", "kimg", "epochs")
PREPARATION = (
    "resolution", "channels", "classes", "fit", "background", "frames", "seconds", "rate", "letters", "duplicates",
    "cache",
)  # fmt: skip
"""The settings that say how data is prepared."""
PRECISIONS = ("fp32", "tf32", "bf16")
MAX_SEED = 2**64 - 1
AT_MOST = {"minutes": 1e7, "kimg": 1e9, "epochs": 1e9, "score_minutes": 1e7}  # years; beyond, clocks and plans overflow
WHOLE = {
    "width": (1, 1024),
    "z_dim": (1, 65536),
    "penalty_every": (1, 1_000_000),
    "penalty_one_in": (1, 1_000_000),
    "d_steps": (1, 1000),
    "g_steps": (1, 1000),
    "batch_size": (2, 65536),
    "pictures": (1, 100_000),
    "threads": (1, 1024),
    "shards": (1, 65536),
    "seed": (0, MAX_SEED),
}
"""Settings that are whole numbers: the least and the most; far beyond, the memory or the system gives way unasked."""

LR, LR_WIDTH, BATCH = 6e-3, 8, 64  # the best learning rate of those tried, and the width and batch at which it was
GAMMA = 1.0
RECIPES = "faussaire.core.recipes"
NONE_MEANS_EMPTY = ("penalties", "augment")  # elsewhere `none` may be the name of a class or folder
NAMED = 3  # paths named one by one where many are given


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of a run. Impossible values raise ConfigError when it is made."""

    data: tuple[str, ...]
    """What to learn from: paths, `hf:NAME`, or the names of embedded sets; several are one set together."""

    resolution: int | None = None
    """Side of the square images, in pixels; found from the data if not given."""

    channels: int | None = None
    """1 for grey, 3 for colour, 4 for colour and transparency; found from the data if not given."""

    classes: tuple[str, ...] = ()
    """Keep this class only, by name, wildcard or number; repeat the flag for several. All if not given."""

    fit: str | None = None
    """How oblong images become squares: crop, pad, stretch, smart; chosen by their proportions if not given."""

    background: str = "white"
    """Colour under what is transparent and around padded images: white, black, '#ff8800'."""

    frames: str = "first"
    """Of an animation, the first frame or all."""

    letters: int | None = None
    """Letters of a line of text at most, longer ones being left out; found from the data if not given."""

    seconds: float | None = None
    """Length of a sound; found from the data if not given, at most 1."""

    rate: int | None = None
    """Samples of sound a second; those of the data if not given, at most 8,000."""

    duplicates: str = "keep"
    """What becomes of copies: keep, drop (exact ones), drop-near (near ones too)."""

    cache: str | None = None
    """Folder that the prepared images are kept in; ~/.cache/faussaire/data if not given."""

    conditional: bool | None = None
    """Learn every class under its name, so that `faussaire generate --class NAME` can ask for one; needs labels."""

    architecture: str | None = None
    """The pair of networks, `faussaire list architectures`; that of the kind of data if not given, lean of images."""

    width: int | None = None
    """Channels of the finest layers, to which all others are in proportion; chosen for the budget if not given."""

    z_dim: int = 100
    """Numbers in a latent, each drawn from N(0, 1)."""

    loss: str = "relativistic"
    """What D and G minimise; `faussaire list losses`."""

    augment: tuple[str, ...] | None = None
    """What D sees samples through: translation, colour, cutout, flip; shift, gaps; by their number if not given."""

    penalties: tuple[str, ...] = ("r1", "r2")
    """What keeps D smooth: r1, r2, wgan_gp; repeat the flag for several, `none` for none."""

    gamma: float | None = None
    """Weight of the penalties; if not given, 1, and 40 for music. About 10 suits wgan_gp."""

    penalty_every: int = 2
    """Apply the penalties in every k-th step of D, with k times the weight (lazy regularisation)."""

    penalty_one_in: int = 4
    """Apply them to one image in k of the batch."""

    d_steps: int = 1
    """Steps of D for each round."""

    g_steps: int = 1
    """Steps of G for each round."""

    batch_size: int | None = None
    """Images in a step; if not given, 64, or fewer where a run would be too few steps."""

    lr: float | None = None
    """Learning rate of Adam, of both networks, at the start; if not given, 6e-3, less for wider and smaller batches."""

    lr_final: float = 0.05
    """Learning rate at the end, as a share of that at the start."""

    lr_schedule: str = "cosine"
    """The way from one to the other over the run: constant, linear, cosine."""

    beta1: float = 0.0
    """Adam's first beta: the share of the gradients' average that stays."""

    beta2: float = 0.9
    """Adam's second beta: the share of the squared gradients' average that stays."""

    ema: float = 0.05
    """Half-life of the average of G that makes the samples, as a share of the images seen; 0 for no average."""

    minutes: float | None = 10.0
    """Length of the run as a time budget, from the start of the command to its end."""

    kimg: float | None = None
    """Length of the run in thousands of images shown to D."""

    epochs: float | None = None
    """Length of the run in passes over the data."""

    pictures: int = 48
    """How many times the samples are pictured along the run: the frames of progress.gif."""

    score_minutes: float | None = None
    """Minutes between two scores of the generator on the way; if not given, and at most, 4% of the time goes there."""

    seed: int = 0
    """Every random draw of the run is a function of this number and of its position."""

    precision: str | None = None
    """Numbers that G multiplies in while it trains, fp32 or bf16; the faster here if not given. D keeps fp32. tf32 is
    fp32 whose products an NVIDIA GPU makes in TF32, those of D too, as it does beside bf16."""

    device: str = "auto"
    """What computes: auto, cpu, cuda, cuda:1, mps, xpu; auto takes a GPU that torch can use, or else the processor."""

    threads: int | None = None
    """Threads that torch computes with; 1 or as many as torch finds cores, the faster here, if not given."""

    shards: int | None = None
    """Parts that a batch is cut in, for threads, processes and less memory; one for each thread if not given."""

    def __post_init__(self) -> None:
        """Check what can be checked without the data."""
        _require(
            isinstance(self.data, tuple) and self.data != (), f"data is a tuple of paths or names, not {self.data!r}"
        )
        self._check_finite()
        lengths = sum(getattr(self, name) is not None for name in LENGTHS)
        _require(lengths == 1, "give one length: --minutes, --kimg or --epochs")
        for name in (*LENGTHS, "lr", "gamma", "score_minutes"):
            value, most = getattr(self, name), AT_MOST.get(name, math.inf)
            if value is not None:
                _require(value > 0, f"{flag(name)} must be above 0, not {value:,.10g}")
                _require(value <= most, f"{flag(name)} must be at most {most:,.0f}, not {value:,.10g}")
        for name, (least, most) in WHOLE.items():
            value = getattr(self, name)
            _require(value is None or value >= least, f"{flag(name)} must be {least} or more, not {value}")
            _require(value is None or value <= most, f"{flag(name)} must be at most {most:,}, not {value}")
        for name in ("beta1", "beta2", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise refused(flag(name), name, getattr(self, name))
        _require(self.precision in (None, *PRECISIONS), f"--precision is fp32, tf32 or bf16, not {self.precision!r}")
        if not 0 <= self.lr_final <= 1:
            raise refused("--lr-final", "lr_final", self.lr_final)

    def _check_finite(self) -> None:
        """Raise ConfigError for a number that is none."""
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise refused(flag(name), name, value)

    @property
    def batch(self) -> int:
        """Images in a step: `batch_size`, or what was found best where there are steps enough."""
        return BATCH if self.batch_size is None else self.batch_size

    @property
    def penalty_weight(self) -> float:
        """Weight of the penalties: `gamma`, or what was found good for images of 28 pixels."""
        return GAMMA if self.gamma is None else self.gamma

    @property
    def peak_lr(self) -> float:
        """Adam's learning rate at the start: `lr`, or one in inverse proportion to the width, and as the square root
        of the batch.

        A weight moves by about the learning rate in a step of Adam, and a wide layer adds up more of them (Yang et al.
        2021, arXiv 2203.03466, table 3). At width 16, 3e-3 left a third less Fréchet distance than 6e-3 (docs/LAB.md).
        The smaller the batch, the more of a gradient is noise (Malladi et al. 2022, arXiv 2205.10287).
        """
        if self.lr is not None:
            return self.lr
        return LR * LR_WIDTH / (LR_WIDTH if self.width is None else self.width) * math.sqrt(self.batch / BATCH)

    def length(self) -> dict[str, float]:
        """Return the one length that is given, by its name in LENGTHS."""
        given = {name: getattr(self, name) for name in LENGTHS}
        return {name: value for name, value in given.items() if value is not None}

    def images_shown(self, num_images: int) -> float | None:
        """Return how many images of a set of `num_images` D is shown; None where that depends on the time they take."""
        if self.kimg is not None:
            return 1000 * self.kimg
        return None if self.epochs is None else self.epochs * num_images

    def preparation(self) -> dict[str, Any]:
        """Return the settings that `faussaire.prepare` takes."""
        return {name: getattr(self, name) for name in PREPARATION}

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types."""
        settings = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


FIELDS = {field.name: field for field in dataclasses.fields(Config)}


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ConfigError(message)


def check_seed(seed: int) -> None:
    """Raise ConfigError for a seed that is none."""
    _require(0 <= seed <= MAX_SEED, f"the seed must be 0 or more, and below 2^64, not {seed}")


def named(data: Sequence[str]) -> str:
    """Return the parts of data as a message should show them: `cats + dogs`, `cats + dogs + birds + 147 others`."""
    more = [f"{len(data) - NAMED:,} others"] if len(data) > NAMED + 1 else []
    return " + ".join([*data[:NAMED], *(more or data[NAMED:])])


def without_folders(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return what config.json holds, of every path only its last part: the others concern nobody who is shown it."""
    settings = recorded.get("config")
    if not isinstance(settings, dict):
        return dict(recorded)
    data = settings.get("data") or []
    paths: dict[str, Any] = {"data": [Path(part).name for part in ([data] if isinstance(data, str) else data)]}
    if settings.get("cache"):
        paths["cache"] = Path(settings["cache"]).name
    return {name: value for name, value in recorded.items() if name != "data_from_run"} | {"config": settings | paths}


def flag(name: str) -> str:
    """Return the command-line spelling of a setting."""
    return "--" + name.replace("_", "-")


def resolve(recipe: str | None, settings: Mapping[str, Any]) -> Config:
    """Make a Config: the defaults, then the recipe, then `settings`, of which None means not given.

    A length in one layer replaces the length of the layer below, in whatever unit that was.

    Raises:
        ConfigError: an unknown setting or recipe, or an impossible value.
    """
    merged: dict[str, Any] = {}
    for layer in (load_recipe(recipe) if recipe else {}, settings):
        given = {name: value for name, value in layer.items() if value is not None and name != "description"}
        for name in given:
            if name not in FIELDS:
                raise ConfigError(f"unknown setting {name!r}{did_you_mean(name, FIELDS)}")
        if any(name in given for name in LENGTHS):
            merged.update(dict.fromkeys(LENGTHS))
        merged.update(given)
    return config_from(merged)


def config_from(settings: Mapping[str, Any]) -> Config:
    """Make a Config of settings as JSON or TOML gives them, with lists for tuples and integers for floats."""
    _require(
        "data" in settings,
        "no data given: name a folder, a .zip, or an embedded set (faussaire list datasets)",
    )
    clean = {}
    for name, value in settings.items():
        kind = str(FIELDS[name].type)
        if kind.startswith("tuple") and value is not None:
            value = tuple(str(v) for v in ([value] if isinstance(value, (str, int, Path)) else value))
            value = () if value == ("none",) and name in NONE_MEANS_EMPTY else value
        elif kind.startswith("float") and isinstance(value, int):
            value = float(value)
        clean[name] = value
        _check_type(name, kind, value)
    return Config(**clean)


def _check_type(name: str, kind: str, value: Any) -> None:
    """Raise ConfigError where a value is not of its field's type; a bool is no number here."""
    if value is None and "None" in kind:
        return
    kinds = {"bool": bool, "int": int, "float": float, "str": str, "tuple[str, ...]": tuple}
    wanted: type = kinds[kind.split(" | ")[0]]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        if name in QUANTITIES:
            raise refused(flag(name), name, value)
        raise ConfigError(f"{flag(name)} takes {'true or false' if wanted is bool else 'a text'}, not {value!r}")


def recipes() -> dict[str, Path]:
    """Return the recipes that ship with faussaire, by name."""
    folder = Path(str(resources.files(RECIPES)))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(name: str) -> dict[str, Any]:
    """Return what is in a recipe, its `description` too, given by its name or as a path ending in .toml.

    Raises:
        ConfigError: there is no such recipe, or it is not TOML.
    """
    path = Path(name) if name.endswith(".toml") else recipes().get(name)
    if path is None or not path.is_file():
        raise ConfigError(f"unknown recipe {name!r}{did_you_mean(name, recipes())}")
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"recipe {path} cannot be read: {error}") from None
    return settings


def field_help(settings: type = Config) -> dict[str, str]:
    """Return the docstring under each field of a dataclass of settings: the help of the command line."""
    body = ast.parse(inspect.getsource(settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
            assert isinstance(before.target, ast.Name)
            found[before.target.id] = str(ast.literal_eval(after.value))
    return found
