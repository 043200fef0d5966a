"""What a notebook shows: a training as it goes, a run, an evaluation and a comparison, in the words of the pages.

A training takes two outputs of its cell, replaced in place by display ids (`core.notebook`): figures at each report,
about once a second, and the last samples whenever there are new ones, so that a report is two kilobytes and not a
picture. Words are those of the pages, in the language of the environment.
"""

from __future__ import annotations

import os
import sys
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self

from jinja2 import Template
from rich.console import Console

from faussaire.core import notebook
from faussaire.core.intervals import wilson
from faussaire.core.terminal import FAILURES, clean
from faussaire.evaluation.compare import Comparison, Comparisons
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.metrics import MEANINGS
from faussaire.evaluation.verdicts.verdict import Verdict
from faussaire.modalities.pictures import scaled_png
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.lock import is_held
from faussaire.runs.standing import LEARNING, standing
from faussaire.views.numbers import EN, MINUS, Numbers, clock
from faussaire.views.templating import environment
from faussaire.views.verdict import Said, data_of, in_words, sentence, verdict_on
from faussaire.views.web.pages.texts import texts

REAL_COLOUR, FAKE_COLOUR = "#1b7f79", "#c8553d"  # as in curves.png
TONES = {"good": "#1b7f79", "open": "#8a8a8a", "bad": "#c8553d"}  # of a verdict
WIDEST = 800  # pixels of a picture: more are too many for a notebook that is sent by mail
WARNINGS = 3  # shown, the last ones

Last = Mapping[str, Event]
"""The last event of each kind."""


def language() -> str:
    """Return the language of the environment, of those that the pages are written in."""
    asked = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "fr" if asked.lower().startswith("fr") else "en"


class NotebookView:
    """Shows the events of a run as they come, in the cell that trains it. Use it as a context manager around that.

    Args:
        run: the folder whose events are shown.
        title: one line on what is trained.
        console: nothing is shown there.
    """

    def __init__(self, run: RunFolder, *, title: str, console: Console) -> None:
        self.run = run
        self.title = clean(title)
        self._last: dict[str, Event] = {}
        self._warnings: list[str] = []
        self._figures, self._picture = notebook.Place(), notebook.Place()

    def __enter__(self) -> Self:
        self.run.listeners.append(self.show)
        try:
            self._show_figures()
        except FAILURES as error:
            self.run.give_up(self.show, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.show in self.run.listeners:
            self.run.listeners.remove(self.show)

    def show(self, event: Event) -> None:
        """Take in one event."""
        self._last.pop(event.kind, None)  # so that the last to come stands last
        self._last[event.kind] = event
        if event.kind == "samples":
            self._show_picture(event)
        elif event.kind in ("warning", "rolled_back"):
            self._warnings = [*self._warnings, clean(event.data["text"])][-WARNINGS:]
        if event.kind not in ("samples", "judged", "plan", "checkpoint"):
            self._show_figures()

    def _show_figures(self) -> None:
        said = _verdict(self.run, self._last)
        markup = training_html(self._last, said, title=self.title, warnings=self._warnings)
        words = " ".join((f"{self.title}.", _standing(self._last, _state(self._last)), said.text))
        self._figures.put(notebook.html(markup, words=words))

    def _show_picture(self, event: Event) -> None:
        png = scaled_png(self.run.path / event.data["path"], WIDEST)
        if png is not None:
            self._picture.put(notebook.picture(png, words=_samples(event)))


def training_html(
    last: Last,
    said: Said,
    *,
    title: str,
    state: str | None = None,
    warnings: Sequence[str] = (),
    picture: bytes | None = None,
) -> str:
    """Return a training as a piece of HTML: how far it is, how often D is right, the verdict.

    Args:
        last: the last event of each kind, in order.
        said: the verdict.
        title: one line on what is trained.
        state: a word of `runs.standing`; by the events if not given.
        warnings: what else there is to say.
        picture: the last samples, as a PNG.
    """
    state, own = state or _state(last), _texts("notebook")
    figures, score = (last[kind].data if kind in last else {} for kind in ("stats", "score"))
    n = int(figures.get("n") or 0)
    named = {
        "progress": own["progress"],
        "chance": own["chance"].format(n=_numbers().count(n)),
        "samples": _samples(last["samples"]) if "samples" in last else own["samples_none"],
    }
    return _template("training").render(
        lang=language(),
        title=title,
        texts=named,
        progress=1.0 if state == "finished" else figures.get("progress"),
        standing=_standing(last, state),
        gauges=[
            {"name": own[side], "share": share, "text": _percent(share, n), "colour": colour}
            for side, colour in (("real", REAL_COLOUR), ("fake", FAKE_COLOUR))
            if (share := figures.get(f"accuracy_{side}")) is not None
        ],
        said=said,
        colour=TONES[said.tone],
        forecast=_forecast(score.get("forecast")),
        warnings=warnings,
        picture=None if picture is None else f"data:image/png;base64,{b64encode(picture).decode()}",
    )


def run_html(run: RunFolder) -> str:
    """Return a run as a piece of HTML: where it stands, its verdict, its last samples."""
    last = last_of(run)
    said = _verdict(run, last)
    return training_html(last, said, title=run.path.name, state=state_of(run), picture=last_samples(run))


def in_a_line(run: RunFolder) -> str:
    """Say in English, as Python's own words are, where a run stands: `finished, 120.0 thousand images, learning`."""
    found = standing(list(last_of(run).values()), time.time())
    verdict = [found.verdict] if found.verdict else []
    return ", ".join([state_of(run), f"{EN.thousands(found.nimg)} thousand images", *verdict])


def last_of(run: RunFolder) -> dict[str, Event]:
    """Return the last event of each kind, in the order in which they happened."""
    last: dict[str, Event] = {}
    for event in run.history():
        last.pop(event.kind, None)
        last[event.kind] = event
    return last


def last_samples(run: RunFolder) -> bytes | None:
    """Return the last picture of samples of a run as a PNG; None where there is none that can be read."""
    pictured = [event for event in run.history() if event.kind == "samples"]
    path = run.path / str(pictured[-1].data.get("path")) if pictured else run.path
    return scaled_png(path, WIDEST) if run.holds(path) else None


def state_of(run: RunFolder) -> str:
    """Return where a run stands, in a word of `runs.standing`; what nobody trains any more was stopped."""
    last = last_of(run)
    state = _state(last)
    return "stopped" if last and state in LEARNING and not is_held(run.path) else state


def evaluation_html(evaluation: Evaluation) -> str:
    """Return an evaluation as a piece of HTML: every figure with its interval, n and protocol."""
    numbers, words = _numbers(), _texts("live")
    rows = [
        (
            MEANINGS[s.metric].title[language()],
            numbers.figure(s.value),
            numbers.interval(s.low, s.high),
            f"{numbers.count(s.n_real)} / {numbers.count(s.n_fake)}",
            s.protocol,
        )
        for s in evaluation.scores
    ]
    return _template("figures").render(
        lang=language(),
        title=evaluation.name,
        said=[(sentence(verdict, language()), TONES[_tone(verdict, evaluation)]) for verdict in evaluation.verdicts],
        head=[words["figure"], words["value"], words["interval"], words["numbers"], _texts("notebook")["protocol"]],
        rows=rows,
        notes=evaluation.notes,
    )


def _tone(verdict: Verdict, evaluation: Evaluation) -> str:
    """Return good only of what figures without a doubt say."""
    return "open" if verdict.tone == "good" and evaluation.doubts else verdict.tone


def comparisons_html(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as a piece of HTML: each figure's difference, and who is better by more than noise."""
    numbers, words, own = _numbers(), _texts("live"), _texts("notebook")
    rows = [
        (
            MEANINGS[c.metric].title[language()],
            f"{c.second} {MINUS} {c.first}",
            numbers.figure(c.difference),
            numbers.interval(c.low, c.high),
            c.better or own["noise"],
            c.protocol,
        )
        for c in comparisons
    ]
    head = [words["figure"], own["runs"], own["difference"], words["interval"], own["better"], own["protocol"]]
    return _template("figures").render(lang=language(), title=own["compared"], said=(), head=head, rows=rows, notes=())


def show_in_this_notebook() -> None:
    """Let the notebook that this runs in show what rooms before this one return, who know of no HTML."""
    formatter = sys.modules["IPython"].get_ipython().display_formatter.formatters["text/html"]
    formatter.for_type(Evaluation, evaluation_html)
    formatter.for_type(Comparisons, comparisons_html)


def _standing(last: Last, state: str) -> str:
    numbers, live, own, report = _numbers(), _texts("live"), _texts("notebook"), last.get("stats")
    if state == "finished":
        done = last["done"]
        return str(live["state_finished"].format(time=clock(done.data["seconds"]), kimg=numbers.thousands(done.nimg)))
    if report is None:
        return str(live["state_starting"])
    kimg = numbers.thousands(report.nimg)
    if state == "running":
        s = report.data
        share, left, speed = numbers.percent(s["progress"]), clock(s["seconds_left"]), s["nimg_per_second"]
        return str(own["running"].format(done=share, left=left, kimg=kimg, speed=numbers.count(speed)))
    return str(own["standing"].format(state=_texts("states")[state], kimg=kimg))


def _state(last: Last) -> str:
    return standing(list(last.values()), time.time()).state


def _verdict(run: RunFolder, last: Last) -> Said:
    """Return the verdict on a run in the words of the environment."""
    return in_words(verdict_on(run, list(last.values())), language(), run=run.path, data=data_of(run))


def _forecast(told: Mapping[str, Any] | None) -> str:
    """Return what the last score foretells as the pages say it."""
    if told is None:
        return ""
    live, numbers = _texts("live"), _numbers()
    middle, low, high = (numbers.figure(value, 3) for value in told["twice"])
    name = "hardly" if told["hardly"] else "finished" if told["finished"] else "running"
    return str(
        live[f"forecast_{name}"].format(
            twice=live.get(f"twice_{told.get('of')}", live["twice_time"]),
            now=numbers.figure(told["end"][0], 3),
            middle=middle,
            low=low,
            high=high,
            level=numbers.percent(told["level"]),
        )
    )


def _percent(share: float, n: int) -> str:
    """Write a share of n images in per cent with its 95 % interval (Wilson's)."""
    numbers, interval = _numbers(), wilson(share * n, n)
    low, high = (numbers.count(100 * end) for end in (interval.low, interval.high))
    return f"{numbers.percent(share)} [{low}, {high}]"


def _samples(event: Event) -> str:
    return str(_texts("notebook")["samples"].format(kimg=_numbers().thousands(event.nimg)))


def _texts(section: str) -> dict[str, Any]:
    return dict(texts(language())[section])


def _numbers() -> Numbers:
    return Numbers(language(), MINUS)


@cache
def _template(name: str) -> Template:
    return environment("faussaire.views").get_template(f"notebook/{name}.html.j2")
