"""The board as a page: docs/BOARD.md, of the rows in docs/board.jsonl."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from _panel import Duel, duel, geometric_mean
from faussaire.core.intervals import Estimate

Row = dict[str, Any]
PEERS = ("hybrid-XS", "hybrid-S", "hybrid-M")
INTRO = """# The board

What a processor makes of a data set in so many minutes, before five judges. Written by `python benchmarks/board.py`, of
`docs/board.jsonl`; how to add a method of your own is said in [its guide](guide/board.md).

Every row is a training on the same images in the same time on the machine that is named, with nothing beside it; 10,000
samples are held against test images that nothing trains on. **strided**, **pooled** and **mixing** are the Fréchet
distances on the hidden features of three classifiers of the very data, that differ in architecture, seed and training
half (10,000 samples); **EfficientNet** that on EfficientNet-Lite0's, **pixels** on pixels-dct's (5,000 each). Lower is
better. An interval in brackets is of 95%: over the samples drawn where there is one seed, and over the seeds, by
Student's t of the logarithms, where there are several. Precision and recall are on EfficientNet-Lite0's features;
*copies* is the p-value of the test for copies, the least of the seeds, and below 0.001 it is called a copier. A dash is
not measured. A whole table has the same judges, told by their digests; another table of the same data may have others,
trained anew, so distances are compared within a table and not across.

`ours` is `faussaire train DATA --minutes M` and nothing else said; its minutes count from the start of the process, the
imports and the reading of the data included, those of the others from their first step.
"""
HEAD = (
    "| method | seeds | strided | pooled | mixing | EfficientNet | pixels | precision | recall | copies | images seen "
    "| s per 1,000 samples | peak MB | commit |"
)
JUDGES = ("strided", "pooled", "mixing", "efficientnet-lite0", "pixels-dct")


def render(rows: Sequence[Row]) -> str:
    """Return the page of the newest row of each method, data set, time and seed, by the newest judges of a table."""
    judges = {(row["data"], row["minutes"]): row["judges"] for row in rows}
    standing = [row for row in rows if row["judges"] == judges[row["data"], row["minutes"]]]
    newest = {(row["data"], row["minutes"], row["method"], row["seed"]): row for row in standing}
    tables: dict[tuple[str, float], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for (data, minutes, method, _), row in sorted(newest.items()):
        tables[data, minutes][method].append(row)
    parts = [INTRO, _crossing(tables)]
    for (data, minutes), by_method in tables.items():
        parts.append(_table(data, minutes, by_method))
    if not tables:
        parts.append("Nothing has been measured yet.\n")
    return "\n".join(part for part in parts if part)


def _table(data: str, minutes: float, by_method: Mapping[str, list[Row]]) -> str:
    """Return the section of one data set and time, the nearest to the reals first."""
    lines = [f"## {data}, {minutes:g} {'minute' if minutes == 1 else 'minutes'}\n", HEAD, "|---" * 14 + "|"]
    measured = {name: [row for row in rows if not row["failure"]] for name, rows in by_method.items()}
    judges = next((list(row["fd"]) for rows in measured.values() for row in rows), [])
    floor = next((row["floor"] for rows in measured.values() for row in rows if row.get("floor")), None)
    ranked = sorted((name for name in measured if measured[name]), key=lambda name: _rank(measured[name]))
    lines += [_line(name, measured[name]) for name in ranked]
    if floor:
        cells = [_shown(floor.get(judge)) for judge in JUDGES]
        lines.append(f"| *training images* | | {' | '.join(cells)} | | | | | | | |")
    for name, rows in by_method.items():
        lines += [f"\n{name}, seed {row['seed']}: {row['failure']}" for row in rows if row["failure"]]
    lines += ["", *_against(measured, judges)]
    machines = sorted({row["machine"] for rows in measured.values() for row in rows})
    if machines:
        by = next(row["judges"] for rows in measured.values() for row in rows)
        lines.append(f"Measured on {' and on '.join(machines)}; the judges are {by}.")
    return "\n".join([*lines, ""])


def _against(measured: Mapping[str, list[Row]], judges: Sequence[str]) -> list[str]:
    """Say how ours stands against the better of the peers, and against flow matching."""
    ours, peers = measured.get("ours"), [name for name in PEERS if measured.get(name)]
    if not ours or not judges:
        return []
    best = min(peers, key=lambda name: _rank(measured[name]), default=None)
    rivals = [name for name in (best, "flow") if name and measured.get(name)]
    return [f"Ours against {name}: {_said(duel(_figures(ours), _figures(measured[name])))}\n" for name in rivals]


def _crossing(tables: Mapping[tuple[str, float], Mapping[str, list[Row]]]) -> str:
    """Return the table of ours against flow matching, whichever way it comes out."""
    lines = []
    for (data, minutes), by_method in tables.items():
        ours, flow = ([r for r in by_method.get(name, ()) if not r["failure"]] for name in ("ours", "flow"))
        if ours and flow:
            found = duel(_figures(ours), _figures(flow))
            speeds = [statistics.fmean(r["seconds_per_1000_samples"] for r in rows) for rows in (ours, flow)]
            lines.append(
                f"| {data} | {minutes:g} | {_ratio(found)} | {found.wins} of {len(found.by_judge)} "
                f"| {speeds[1] / speeds[0]:.0f} |"
            )
    if not lines:
        return ""
    head = (
        "| data | minutes | distances, ours over flow's | judges before whom ours is nearer | times as fast to sample |"
    )
    text = (
        "## Against flow matching\n\nThe geometric mean over the judges of our distance over that of flow matching "
        "(10 steps of Heun's method): below 1 the GAN is nearer to the reals, above 1 flow matching is.\n"
    )
    return "\n".join([text, head, "|---" * 5 + "|", *lines, ""])


def _figures(rows: Sequence[Row]) -> list[dict[str, Estimate]]:
    return [{j: Estimate(value=v, low=low, high=high) for j, (v, low, high) in row["fd"].items()} for row in rows]


def _rank(rows: Sequence[Row]) -> float:
    """Return the mean of the logarithms of all distances: less is better."""
    return statistics.fmean(
        statistics.fmean(math.log(figure.value) for figure in row.values()) for row in _figures(rows)
    )


def _line(name: str, rows: Sequence[Row]) -> str:
    figures = _figures(rows)
    cells = [_over_seeds([row[judge] for row in figures if judge in row]) for judge in JUDGES]
    cells += [_mean(rows, "precision", 2), _mean(rows, "recall", 2)]
    least = min((row["copies_p"] for row in rows if row.get("copies_p") is not None), default=None)
    cells.append("–" if least is None else f"{least:.2g}" + (" **copier**" if any(r["copier"] for r in rows) else ""))
    cells += [_mean(rows, "nimg", 0), _mean(rows, "seconds_per_1000_samples", 3), _mean(rows, "peak_mb", 0)]
    commits = ", ".join(sorted({row["commit"] for row in rows}))
    return f"| {name} | {len(rows)} | {' | '.join(cells)} | {commits} |"


def _over_seeds(figures: Sequence[Estimate]) -> str:
    """Return a distance: of one seed with the interval of its samples, of several their mean and its interval."""
    if not figures:
        return "–"
    if len(figures) == 1:
        return _shown([figures[0].value, figures[0].low, figures[0].high])
    mean = geometric_mean([figure.value for figure in figures])
    return _shown([mean.value, mean.low, mean.high])


def _mean(rows: Sequence[Row], key: str, digits: int) -> str:
    values = [row[key][0] if isinstance(row[key], list) else row[key] for row in rows if row.get(key) is not None]
    return f"{statistics.fmean(values):,.{digits}f}" if values else "–"


def _shown(figure: Sequence[float] | None) -> str:
    return "–" if figure is None else f"{figure[0]:.3g} [{figure[1]:.3g}, {figure[2]:.3g}]"


def _ratio(found: Duel) -> str:
    several = found.ratio.low > 0
    return f"{found.ratio.value:.2f}" + (f" [{found.ratio.low:.2f}, {found.ratio.high:.2f}]" if several else "")


def _said(found: Duel) -> str:
    each = ", ".join(f"{name} {ratio:.2f}" for name, ratio in found.by_judge.items())
    return f"**{_ratio(found)}**; nearer before {found.wins} of {len(found.by_judge)} judges ({each})."
