"""What a notebook shows: a training as it goes, a run, an evaluation and a comparison, in the words of the pages.

A training takes two outputs of its cell, replaced in place by display ids (`core.notebook`): figures at each report,
about once a second, and the last samples whenever there are new ones, so that a report is two kilobytes and not a
picture. Words are those of the pages, in the language of the environment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Template
from rich.console import Console

from faussaire.core import notebook
from faussaire.core.intervals import wilson
from faussaire.core.terminal import clean
from faussaire.evaluation.compare import Comparison, Comparisons
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.metrics import MEANINGS
from faussaire.evaluation.verdicts.figures import say_of_copies
from faussaire.evaluation.verdicts.verdict import Verdict
from faussaire.modalities.pictures import embedded, scaled_png
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.lock import is_held
from faussaire.runs.standing import LEARNING, standing
from faussaire.views.listening import Listener
from faussaire.views.numbers import MINUS, Numbers, clock
from faussaire.views.templating import environment
from faussaire.views.verdict import Said, data_of, in_words, sentence, verdict_on
from faussaire.views.words import Words, texts, words_for

REAL_COLOUR, FAKE_COLOUR = "#1b7f79", "#c8553d"  # as in curves.png
TONES = {"good": "#1b7f79", "open": "#8a8a8a", "bad": "#c8553d"}  # of a verdict
WIDEST = 800  # pixels of a picture: more are too many for a notebook that is sent by mail
WARNINGS = 3  # shown, the last ones

Last = Mapping[str, Event]
"""The last event of each kind."""


class NotebookView(Listener):
    """Shows the events of a run as they come, in the cell that trains it. Use it as a context manager around that.

    Args:
        run: the folder whose events are shown.
        title: one line on what is trained.
        console: nothing is shown there.
        words: in which language.
    """

    def __init__(self, run: RunFolder, *, title: str, console: Console, words: Words) -> None:
        super().__init__(run, title=title, words=words)
        self._last: dict[str, Event] = {}
        self._warnings: list[str] = []
        self._figures, self._picture = notebook.Place(), notebook.Place()

    def start(self) -> None:
        """Show that it begins."""
        self._show_figures()

    def show(self, event: Event) -> None:
        """Take in one event."""
        self._last.pop(event.kind, None)  # so that the last to come stands last
        self._last[event.kind] = event
        if event.kind == "samples":
            self._show_picture(event)
        elif event.kind in ("warning", "rolled_back"):
            self._warnings = [*self._warnings, clean(self.words.said(event.data["text"]))][-WARNINGS:]
        if event.kind not in ("samples", "judged", "plan", "checkpoint"):
            self._show_figures()

    def _show_figures(self) -> None:
        last, words = self._last, self.words
        said = _verdict(self.run, last, words)
        markup = training_html(last, said, words, title=self.title, warnings=self._warnings)
        line = " ".join((f"{self.title}.", _standing(last, _state(last), words), said.text))
        self._figures.put(notebook.html(markup, words=line))

    def _show_picture(self, event: Event) -> None:
        png = scaled_png(self.run.path / event.data["path"], WIDEST)
        if png is not None:
            self._picture.put(notebook.picture(png, words=_samples(event, self.words)))


def training_html(
    last: Last,
    said: Said,
    words: Words,
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
        words: in which language.
        title: one line on what is trained.
        state: a word of `runs.standing`; by the events if not given.
        warnings: what else there is to say.
        picture: the last samples, as a PNG.
    """
    figures, score = (last[kind].data if kind in last else {} for kind in ("stats", "score"))
    state, own, n = state or _state(last), _texts("notebook", words), int(figures.get("n") or 0)
    named = {
        "progress": own["progress"],
        "chance": own["chance"].format(n=_numbers(words).count(n)),
        "samples": _samples(last["samples"], words) if "samples" in last else own["samples_none"],
    }
    return _template("training").render(
        lang=words.language,
        title=title,
        texts=named,
        progress=1.0 if state == "finished" else figures.get("progress"),
        standing=_standing(last, state, words),
        gauges=[
            {"name": own[side], "share": share, "text": _percent(share, n, words), "colour": colour}
            for side, colour in (("real", REAL_COLOUR), ("fake", FAKE_COLOUR))
            if (share := figures.get(f"accuracy_{side}")) is not None
        ],
        said=said,
        colour=TONES[said.tone],
        forecast=_forecast(score.get("forecast"), words),
        warnings=warnings,
        picture=None if picture is None else embedded(picture),
    )


def run_html(run: RunFolder) -> str:
    """Return a run as a piece of HTML: where it stands, its verdict, its last samples."""
    last, words = last_of(run), words_for(None)
    said = _verdict(run, last, words)
    return training_html(last, said, words, title=run.path.name, state=state_of(run), picture=last_samples(run))


def in_a_line(run: RunFolder) -> str:
    """Say in English, as Python's own words are, where a run stands: `running, 120.0 kimg, learning`."""
    events = list(last_of(run).values())
    nimg = standing(events, time.time()).nimg
    verdict = verdict_on(run, events).verdict.name
    return ", ".join(dict.fromkeys([state_of(run), f"{nimg / 1000:,.1f} kimg", verdict]))


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
    words = words_for(None)
    numbers, live = _numbers(words), _texts("live", words)
    rows = [
        (
            MEANINGS[s.metric].title[words.language],
            "",
            s.protocol,
            numbers.figure(s.value),
            numbers.interval(s.low, s.high),
            f"{numbers.count(s.n_real)} / {numbers.count(s.n_fake)}",
        )
        for s in evaluation.scores
    ]
    return _template("figures").render(
        lang=words.language,
        title=evaluation.name,
        said=[
            (sentence(verdict, words.language), TONES[_tone(verdict, evaluation)]) for verdict in evaluation.verdicts
        ],
        head=[live["figure"], live["value"], live["interval"], live["numbers"]],
        rows=rows,
        notes=[words.said(note) for note in (*evaluation.notes, *_of_copies(evaluation))],
    )


def _of_copies(evaluation: Evaluation) -> list[str]:
    """Return what the test for copies came to, if there was one."""
    return [] if evaluation.copies is None else [say_of_copies(evaluation.copies)]


def _tone(verdict: Verdict, evaluation: Evaluation) -> str:
    """Return good only of what figures without a doubt say."""
    return "open" if verdict.tone == "good" and evaluation.doubts else verdict.tone


def comparisons_html(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as a piece of HTML: each figure's difference, and who is better by more than noise."""
    words = words_for(None)
    numbers, live, own = _numbers(words), _texts("live", words), _texts("notebook", words)
    rows = [
        (
            MEANINGS[c.metric].title[words.language],
            f"{c.second} {MINUS} {c.first}",
            c.protocol,
            numbers.figure(c.difference),
            numbers.interval(c.low, c.high),
            c.better or own["noise"],
        )
        for c in comparisons
    ]
    head = [live["figure"], own["difference"], live["interval"], own["better"]]
    return _template("figures").render(
        lang=words.language, title=own["compared"], said=(), head=head, rows=rows, notes=()
    )


def show_in_this_notebook() -> None:
    """Let the notebook that this runs in show what rooms before this one return, who know of no HTML."""
    formatter = sys.modules["IPython"].get_ipython().display_formatter.formatters["text/html"]
    formatter.for_type(Evaluation, evaluation_html)
    formatter.for_type(Comparisons, comparisons_html)


def _standing(last: Last, state: str, words: Words) -> str:
    numbers, report = _numbers(words), last.get("stats")
    live, own = _texts("live", words), _texts("notebook", words)
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
    return str(own["standing"].format(state=_texts("states", words)[state], kimg=kimg))


def _state(last: Last) -> str:
    return standing(list(last.values()), time.time()).state


def _verdict(run: RunFolder, last: Last, words: Words) -> Said:
    """Return the verdict on a run in the words of a language."""
    return in_words(verdict_on(run, list(last.values())), words.language, run=run.path, data=data_of(run))


def _forecast(told: Mapping[str, Any] | None, words: Words) -> str:
    """Return what the last score foretells as the pages say it."""
    if told is None:
        return ""
    live, numbers = _texts("live", words), _numbers(words)
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


def _percent(share: float, n: int, words: Words) -> str:
    """Write a share of n images in per cent with its 95 % interval (Wilson's)."""
    interval = wilson(share * n, n)
    return words.numbers.share(share, interval.low, interval.high)


def _samples(event: Event, words: Words) -> str:
    return str(_texts("notebook", words)["samples"].format(kimg=_numbers(words).thousands(event.nimg)))


def _texts(section: str, words: Words) -> dict[str, Any]:
    """Return a section of the words of the pages."""
    return dict(texts(words.language)["pages"][section])


def _numbers(words: Words) -> Numbers:
    return Numbers(words.language, MINUS)


@cache
def _template(name: str) -> Template:
    return environment("faussaire.views").get_template(f"notebook/{name}.html.j2")
