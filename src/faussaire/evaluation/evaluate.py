"""Figures for a run: its generator against real images that it has not seen, by named protocols.

The generator's samples are made once, in pieces, and every extractor reads them. The same run, data and seed give the
same bytes. `measure` finds everything out; `evaluate` writes the figures into the run folder besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from faussaire.core.config import check_seed
from faussaire.core.errors import CheckpointError, ConfigError, DataError, ExtractorError, UnmeasurableError
from faussaire.core.suggestions import did_you_mean
from faussaire.core.world import ALONE, World
from faussaire.evaluation.copies import find_copies
from faussaire.evaluation.evaluation import NUM_SHOWN, Evaluation
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.extractors.fitted import FITTED
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.features import Progress, fake_features, real_features
from faussaire.evaluation.memorisation import Memorisation
from faussaire.evaluation.metrics import METRICS, missing_beside
from faussaire.evaluation.protocols import PROTOCOLS, Protocol, Score, compute
from faussaire.evaluation.reals import Reals, find_reals
from faussaire.evaluation.verdicts.figures import judge_figures
from faussaire.evaluation.verdicts.verdict import Verdict
from faussaire.generation.generator import Generator
from faussaire.modalities import Modality
from faussaire.runs.folder import RunFolder

DEFAULT_SIZE = 10_000


def evaluate(
    run: RunFolder,
    *,
    data: str | Path | Sequence[str | Path] | None = None,
    protocols: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
    world: World = ALONE,
) -> Evaluation:
    """Measure the generator of a run, and write the figures to its `scores.json`; arguments and errors of `measure`.

    Where they cannot be written, a note of the evaluation says so: they took minutes.
    """
    found = measure(run, data=data, protocols=protocols, seed=seed, progress=progress, world=world)
    try:
        run.write_json(run.scores, found.as_json())
    except CheckpointError as error:
        return replace(found, notes=(*found.notes, str(error)))
    return found


def measure(
    run: RunFolder,
    *,
    data: str | Path | Sequence[str | Path] | None = None,
    protocols: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
    world: World = ALONE,
) -> Evaluation:
    """Measure the generator of the run in a folder; nothing is written there.

    Args:
        data: other real images to measure against; the held-out part of the run's own data if not given.
        protocols: names from PROTOCOLS; if not given, all metrics with the best extractor that is installed, a sanity
            check without a network, and class figures where the data has labels.
        seed: of the samples.
        progress: told how far it is.
        world: those that make the samples together; each gets all figures.

    Raises:
        ConfigError, DataError, ExtractorError: no such run, protocol or network, or the real images cannot be read.
    """
    _check(seed, protocols)
    generator = Generator.load(run.path)
    reals, kind = find_reals(run, generator, data), generator.modality
    wanted, notes = _choose(protocols, kind, labelled=reals.labelled)
    chosen, extractors, more = _load_extractors(wanted, reals, seed, progress, is_asked_for=bool(protocols))
    fake, asked = fake_features(generator, extractors, max(p.n_fake for p in chosen), seed, progress, world)
    real = {name: real_features(e, kind, reals.images, reals.key, progress) for name, e in extractors.items()}
    known = {"reals": reals.key, "nimg": generator.nimg, "labels": (reals.label_tensor, asked)}
    scores, unmeasured = _compute_all(chosen, real, fake, extractors, known, progress)
    copies, pairs = find_copies(generator, reals, extractors[kind.scored_by], fake[kind.scored_by], seed, progress)
    return Evaluation(
        name=run.path.name or generator.name,
        data=generator.name,
        spec=generator.spec,
        nimg=generator.nimg,
        samples=generator.sample(NUM_SHOWN, seed=0),
        reals=reals.key,
        scores=tuple(scores),
        copies=copies,
        pairs=pairs,
        verdicts=_verdicts(scores, copies, num_classes=len(reals.classes)),
        notes=(reals.note, *notes, *more, *unmeasured),
    )


def _check(seed: int, protocols: Sequence[str]) -> None:
    """Raise ConfigError for what can be refused before any image is read."""
    check_seed(seed)
    for name in protocols:
        if name not in PROTOCOLS:
            raise ConfigError(f"unknown protocol {name!r}{did_you_mean(name, PROTOCOLS)}")


def _choose(names: Sequence[str], kind: Modality, *, labelled: bool) -> tuple[list[Protocol], list[str]]:
    """Return the protocols asked for, or the default ones that can be had, and what there is to say of that."""
    for name in names:
        fitted = FITTED.get(PROTOCOLS[name].extractor)
        if fitted is not None and fitted.labelled and not labelled:
            raise ExtractorError(
                f"{PROTOCOLS[name].extractor} needs data with labels: sub-folders or a labels.csv; "
                "choose another --protocol"
            )
    if names:
        return [PROTOCOLS[name] for name in names], []
    best, sanity, notes = kind.judged_by[0], kind.judged_by[-1], []
    try:
        if best in FITTED and FITTED[best].labelled and not labelled:
            raise ExtractorError(f"{best} needs data with labels: sub-folders, or names that begin with the class")
        if best in EXTRACTORS:
            EXTRACTORS[best]()
    except ExtractorError as error:
        best, notes = sanity, [f"only figures of {sanity}, not of content: {error}"]
    wanted = [(name, best) for name, metric in METRICS.items() if not metric.extractors]
    wanted += [("frechet", sanity)] if best != sanity else []
    wanted += [
        (name, extractor)
        for extractor in kind.told_by
        for name, metric in METRICS.items()
        if extractor in metric.extractors and (labelled or not metric.classifies)
    ]
    by_parts = {(p.metric, p.extractor): p for p in PROTOCOLS.values() if p.n_fake == DEFAULT_SIZE}
    return [by_parts[parts] for parts in wanted], notes


def _load_extractors(
    chosen: list[Protocol], reals: Reals, seed: int, progress: Progress, *, is_asked_for: bool
) -> tuple[list[Protocol], dict[str, Extractor], list[str]]:
    """Return the protocols that can be had, their extractors and that of the test for copies, and a note on the others.

    Raises:
        ExtractorError: one cannot be had that was asked for.
    """
    extractors = {p.extractor: EXTRACTORS[p.extractor]() for p in chosen if p.extractor in EXTRACTORS}
    notes = []
    for name in dict.fromkeys(p.extractor for p in chosen if p.extractor in FITTED):
        progress(FITTED[name].doing, 0, 1)
        try:
            extractors[name] = FITTED[name].fit(reals, seed)
        except ExtractorError as error:
            if is_asked_for:
                raise
            lost = dict.fromkeys(protocol.metric for protocol in chosen if protocol.extractor == name)
            chosen = [protocol for protocol in chosen if protocol.extractor != name]
            notes.append(f"{', '.join(lost)}: not measured, {error}")
    scored_by = reals.modality.scored_by
    if scored_by not in extractors:
        extractors[scored_by] = EXTRACTORS[scored_by]()
    return chosen, extractors, notes


def _compute_all(
    chosen: Sequence[Protocol],
    real: Mapping[str, Tensor],
    fake: Mapping[str, Tensor],
    extractors: Mapping[str, Extractor],
    known: Mapping[str, Any],
    progress: Progress,
) -> tuple[list[Score], list[str]]:
    """Return the figures of all protocols, of features `[N, D]` by extractor, and a note on each not measured.

    `known` goes to `compute` besides.

    Raises:
        DataError: nothing can be measured.
    """
    scores: list[Score] = []
    notes = []
    for number, protocol in enumerate(chosen):
        progress("computing figures", number, len(chosen))
        name = protocol.extractor
        try:
            scores += compute(protocol, real[name], fake[name], extractors[name], **known)
        except UnmeasurableError as error:
            notes.append(f"{protocol.name}: not measured, {error}")
    notes += missing_beside((score.protocol, score.metric) for score in scores)
    if not scores:
        num_images = len(next(iter(real.values())))
        raise DataError(f"nothing can be measured by these {num_images:,} images ({notes[-1]}): name others by --data")
    return scores, notes


def _verdicts(scores: Sequence[Score], copies: Memorisation | None, *, num_classes: int) -> tuple[Verdict, ...]:
    """Judge by the figures, of which the first protocol's stand, and by the test for copies."""
    figures = {score.metric: (score.value, score.low, score.high) for score in reversed(scores)}
    p_value = copies.p_value if copies is not None and copies.is_copier else None
    return tuple(judge_figures(figures, num_classes=num_classes, copier_p=p_value))
