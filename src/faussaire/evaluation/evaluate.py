"""Figures for a run: its generator against real images that it has not seen, by named protocols.

Reals are the held-out part of the data, or all images of another source. The generator's samples are made once, in
pieces, and every extractor reads them; features of reals are kept in a cache by fingerprint, so that a second
evaluation costs the samples only. The same run, data and seed give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faussaire.core.config import check_seed
from faussaire.core.errors import CheckpointError, ConfigError, DataError, ExtractorError, UnmeasurableError
from faussaire.core.files import replacing
from faussaire.core.paths import cache_folder
from faussaire.core.rng import draw_places, numpy_generator_for
from faussaire.core.suggestions import did_you_mean
from faussaire.data import Dataset, Rows, prepare
from faussaire.data.batches import as_real
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.extractors.classifier import ClassifierExtractor, train_classifier
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.health import Verdict, judge_scores
from faussaire.evaluation.memorisation import Memorisation, memorisation
from faussaire.evaluation.metrics import METRICS
from faussaire.evaluation.protocols import PROTOCOLS, Protocol, Score, compute
from faussaire.generation.generator import Generator
from faussaire.generation.latents import latents
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import recorded_config, recorded_fingerprint

DEFAULT_SIZE = 10_000
BEST_EXTRACTOR = "efficientnet-lite0"
SANITY_EXTRACTOR = "pixels-dct"
CLASSIFIER_IMAGES = 10_000  # drawn at random: the classifier of the labels learns from at most so many
CLASSIFIER_EPOCHS = 4
ENOUGH_HELD_OUT = 100
LEAST_SCORED = 8  # held-out images that a score on the way takes: half of them against the others is its floor
COPIES_TESTED = 2_000  # the first samples: each is a draw of its own
PIECE = 256

Progress = Callable[[str, int, int], None]

Scorer = Callable[[], list[dict[str, Any]]]
"""Scores the averaged generator as it stands: rows as in `faussaire evaluate --json`, the Fréchet distance first."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything that was found out about a generator."""

    name: str
    """Of the run."""

    nimg: int
    """Images that its D had seen."""

    reals: str
    """Names the real images; figures against different ones cannot be compared."""

    scores: tuple[Score, ...]
    """The figures, each with interval, n and protocol."""

    copies: Memorisation | None
    """The test for copies; None where there are no held-out images to set the scale."""

    pairs: tuple[np.ndarray, np.ndarray] | None
    """The closest pairs, nearest first: samples and their training images, each uint8 `[P, H, W, C]`."""

    verdicts: tuple[Verdict, ...]
    """What the figures say in words, the most important first."""

    notes: tuple[str, ...]
    """What a reader must know: which reals, what was not measured and why."""


@dataclass(frozen=True, kw_only=True)
class Reals:
    """Real images to measure against, as bytes `[N, C, H, W]`."""

    images: Rows | np.ndarray
    train: Rows
    held_out: Rows
    labels: np.ndarray | None
    """Of `train`."""

    classes: tuple[str, ...]
    key: str
    """Names these images in the cache."""

    trained_on: str
    """Fingerprint of the data that `train` is of."""

    note: str


def evaluate(
    run: RunFolder,
    *,
    data: str | Path | Sequence[str | Path] | None = None,
    protocols: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
) -> Evaluation:
    """Evaluate the generator of a run.

    Args:
        run: its folder.
        data: other real images to measure against; the held-out part of the run's own data if not given.
        protocols: names from `metrics.PROTOCOLS`; if not given, all metrics with the best extractor that is
            installed, a sanity check without a network, and class figures where the data has labels.
        seed: of the samples.
        progress: called with what is being done, how much of it is done, and how much there is.

    Raises:
        ConfigError: no such run or protocol.
        DataError: the real images cannot be read.
        ExtractorError: a feature network that was asked for is not available.
    """
    check_seed(seed)
    generator = Generator.load(run.path)
    reals = _reals(run, generator, data)
    chosen, notes = _choose(protocols, labelled=reals.labels is not None and len(reals.classes) > 1)
    extractors = {p.extractor: EXTRACTORS[p.extractor]() for p in chosen if p.extractor in EXTRACTORS}
    classifier = None
    if any(protocol.extractor == ClassifierExtractor.name for protocol in chosen):
        progress("training a classifier of the labels", 0, 1)
        try:
            classifier = _classifier(reals, seed)
            extractors[classifier.name] = classifier
        except ExtractorError as error:
            if protocols:
                raise
            chosen = [protocol for protocol in chosen if protocol.extractor != ClassifierExtractor.name]
            notes.append(f"classes: not measured, {error}")

    pixels = EXTRACTORS["pixels-dct"]()
    extractors.setdefault(pixels.name, pixels)
    num_fake = max(p.n_fake for p in chosen)
    fake = _fake_features(generator, extractors, num_fake, seed, progress)
    real = {name: _real_features(e, reals.images, reals.key, progress) for name, e in extractors.items()}
    scores: list[Score] = []
    for number, protocol in enumerate(chosen):
        progress("computing figures", number, len(chosen))
        name = protocol.extractor
        try:
            scores += compute(protocol, real[name], fake[name], extractors[name], nimg=generator.nimg)
        except UnmeasurableError as error:
            notes.append(f"{protocol.name}: not measured, {error}")
    if not scores:
        raise DataError(
            f"nothing can be measured by these {len(reals.images):,} images ({notes[-1]}): name others by --data"
        )
    copies, pairs = _copies(generator, reals, pixels, fake[pixels.name], seed, progress)
    verdicts = judge_scores(
        {score.metric: (score.value, score.low, score.high) for score in reversed(scores)},
        num_classes=len(reals.classes) if classifier else 0,
        copier_p=None if copies is None else copies.p_value,
    )
    return Evaluation(
        name=run.path.name,
        nimg=generator.nimg,
        reals=reals.key,
        scores=tuple(scores),
        copies=copies,
        pairs=pairs,
        verdicts=tuple(verdicts),
        notes=(reals.note, *notes),
    )


def _choose(names: Sequence[str], *, labelled: bool) -> tuple[list[Protocol], list[str]]:
    """Return the protocols asked for, or the default ones that can be had, and what there is to say of that."""
    for name in names:
        if name not in PROTOCOLS:
            raise ConfigError(f"unknown protocol {name!r}{did_you_mean(name, PROTOCOLS)}")
        if PROTOCOLS[name].extractor == ClassifierExtractor.name and not labelled:
            raise ExtractorError(
                "labels-cnn needs data with labels: sub-folders or a labels.csv; choose another --protocol"
            )
    if names:
        return [PROTOCOLS[name] for name in names], []
    best, notes = BEST_EXTRACTOR, []
    try:
        EXTRACTORS[BEST_EXTRACTOR]()
    except ExtractorError as error:
        best, notes = SANITY_EXTRACTOR, [f"only figures of pixels, not of content: {error}"]
    wanted = [(name, best) for name, metric in METRICS.items() if not metric.classifies]
    wanted += [("frechet", SANITY_EXTRACTOR)] if best != SANITY_EXTRACTOR else []
    wanted += [(name, ClassifierExtractor.name) for name, metric in METRICS.items() if metric.classifies and labelled]
    by_parts = {(p.metric, p.extractor): p for p in PROTOCOLS.values() if p.n_fake == DEFAULT_SIZE}
    return [by_parts[parts] for parts in wanted], notes


def _reals(run: RunFolder, generator: Generator, data: str | Path | Sequence[str | Path] | None) -> Reals:
    """Read the images to measure against, at the generator's size and number of channels."""
    config = recorded_config(run) if run.events_file.is_file() else None
    channels, side, _ = generator.spec.shape
    own = None
    if config is not None:
        try:
            own = prepare(config.data, **config.preparation(), fingerprint=recorded_fingerprint(run))
            if own.spec.shape != generator.spec.shape:  # the data has changed since
                own = prepare(config.data, **(config.preparation() | {"resolution": side, "channels": channels}))
        except DataError as error:
            if data is None:
                raise DataError(f"the run's own data cannot be read: {error}; name it by --data") from None
    if data is not None:
        other = prepare(data, resolution=side, channels=channels)
        images = np.concatenate([other.images[:], other.held_out[:]])
        return _as_reals(
            own or other, images, f"all:{other.fingerprint}", f"reals: the {len(images):,} images of {other.name}"
        )
    if own is None:
        raise ConfigError(f"{run.path} is a generator without its run: name real images by --data")
    if not own.fits(run.read_json(run.config)["fingerprint"]):
        raise DataError(f"{own.name} holds other images than the run was trained on: name reals by --data")
    if len(own.held_out) >= ENOUGH_HELD_OUT:
        note = f"reals: the {len(own.held_out):,} images of {own.name} that were held out of training"
        return _as_reals(own, own.held_out, f"held-out:{own.fingerprint}", note)
    note = (
        f"reals: the {len(own.images):,} TRAINING images of {own.name}, as fewer than {ENOUGH_HELD_OUT} are held out: "
        "a generator that copies them would score best; measure against others by --data"
    )
    return _as_reals(own, own.images, f"train:{own.fingerprint}", note)


def _as_reals(trained_on: Dataset, images: Rows | np.ndarray, key: str, note: str) -> Reals:
    return Reals(
        images=images,
        train=trained_on.images,
        held_out=trained_on.held_out,
        labels=trained_on.labels,
        classes=trained_on.spec.classes,
        key=key,
        trained_on=trained_on.fingerprint,
        note=note,
    )


def _classifier(reals: Reals, seed: int) -> ClassifierExtractor:
    """Train the classifier on the run's labelled training images."""
    assert reals.labels is not None
    places = draw_places(len(reals.train), CLASSIFIER_IMAGES, seed=seed, stream="eval classifier")
    images, labels = reals.train[places], reals.labels[places]
    return train_classifier(
        opaque(as_real(images)),
        torch.from_numpy(labels.astype(np.int64)),
        num_classes=len(reals.classes),
        epochs=CLASSIFIER_EPOCHS,
        seed=seed,
    )


def _fake_features(
    generator: Generator, extractors: dict[str, Extractor], count: int, seed: int, progress: Progress
) -> dict[str, Tensor]:
    """Make `count` samples piece by piece, and return each extractor's features `[count, D]`."""
    found: dict[str, list[Tensor]] = {name: [] for name in extractors}
    done = 0
    for piece in generator.chunks(count, seed=seed):
        for name, extractor in extractors.items():
            found[name].append(extractor(opaque(piece)))
        done += len(piece)
        progress("making samples", done, count)
    return {name: torch.cat(pieces) for name, pieces in found.items()}


def _real_features(extractor: Extractor, images: Rows | np.ndarray, key: str, progress: Progress) -> Tensor:
    """Return the features `[N, D]` of bytes `[N, C, H, W]`, from the cache where they are there."""
    text = f"{key}:{extractor.name}:{extractor.version}:{extractor.sha256}"
    name = f"{hashlib.sha256(text.encode()).hexdigest()}.npy"
    try:
        path = cache_folder("features", serves=lambda folder: (folder / name).is_file()) / name
        return torch.from_numpy(np.load(path, allow_pickle=False))
    except DataError:
        path = None  # a stranger could change them, or there is no place to keep them
    except (OSError, ValueError):
        pass  # not there, or damaged: computed anew
    pieces = []
    for first in range(0, len(images), PIECE):
        pieces.append(extractor(opaque(as_real(images[first : first + PIECE]))))
        progress(f"features of reals ({extractor.name})", first, len(images))
    features = torch.cat(pieces)
    if path is not None:
        # A full disk costs time, nothing else.
        with suppress(CheckpointError), replacing(path) as beside, beside.open("wb") as file:
            np.save(file, features.numpy())
    return features


def opaque(images: Tensor) -> Tensor:
    """Lay images `[N, 4, H, W]` in [-1, 1] over white, as `[N, 3, H, W]`: no extractor sees alpha; others pass."""
    if images.shape[1] != 4:
        return images
    alpha = (images[:, 3:] + 1) / 2
    return images[:, :3] * alpha + (1 - alpha)


def _copies(
    generator: Generator, reals: Reals, pixels: Extractor, fake: Tensor, seed: int, progress: Progress
) -> tuple[Memorisation | None, tuple[np.ndarray, np.ndarray] | None]:
    """Test for copies in the space of pixels, which every training image can afford, and return the closest pairs."""
    if len(reals.held_out) < ENOUGH_HELD_OUT:
        return None, None
    digest = reals.trained_on
    train = _real_features(pixels, reals.train, f"copies:{digest}", progress)
    held_out = _real_features(pixels, reals.held_out, f"copies-held-out:{digest}", progress)
    found = memorisation(train, held_out, fake[:COPIES_TESTED])
    samples = generator.sample(COPIES_TESTED, seed=seed)
    twins = reals.train[[train_index for _, train_index, _ in found.pairs]].transpose(0, 2, 3, 1)
    return found, (samples[[index for index, _, _ in found.pairs]], np.ascontiguousarray(twins))


def training_scorer(
    held_out: Rows,
    make: Callable[[Tensor, Tensor | None], Tensor],
    *,
    z_dim: int,
    seed: int,
    labels: np.ndarray | None = None,
) -> Scorer:
    """Return what scores a generator while it trains: 2,000 samples against held-out images, by pixels-dct.

    It costs a second or two, and needs no network: what a better figure is worth, `evaluate` says afterwards.

    Args:
        held_out: uint8 `[N, C, H, W]`, at least LEAST_SCORED.
        make: maps latents `[n, z_dim]`, and labels `[n]` where G is conditional, to samples `[n, C, H, W]` in [-1, 1];
            called anew for each score.
        z_dim: numbers in a latent.
        seed: of the run; the latents are the same for each score.
        labels: of the held-out images, int64 `[N]`, where G is conditional: the samples have their shares.
    """
    pixels = EXTRACTORS["pixels-dct"]()
    protocol = PROTOCOLS["fd2000-pixels-dct"]
    # Twice as many as are compared with: the floor is a distance between two sets of that size.
    places = draw_places(len(held_out), 2 * protocol.n_real, seed=seed, stream="score reals")
    real = pixels(opaque(as_real(held_out[places])))

    def score() -> list[dict[str, object]]:
        pieces = []
        for first in range(0, protocol.n_fake, PIECE):
            piece, num_here = first // PIECE, min(PIECE, protocol.n_fake - first)
            z, drawn_labels = latents(PIECE, z_dim, seed=seed, stream="score", position=piece)[:num_here], None
            if labels is not None:
                drawn = numpy_generator_for(seed, "score classes", piece).integers(0, len(labels), PIECE)[:num_here]
                drawn_labels = torch.from_numpy(labels[drawn])
            with torch.no_grad():
                pieces.append(pixels(opaque(make(z, drawn_labels))))
        return [asdict(row) for row in compute(protocol, real, torch.cat(pieces), pixels)]

    return score
