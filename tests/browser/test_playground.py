"""The game in two dimensions, in Chromium, from the disk: by mouse and keyboard, wide and narrow, in both languages.

How many rounds are played decides what is so, never how long they took.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from faussaire.models.losses import LOSSES
from faussaire.models.penalties import PENALTIES, penalise
from faussaire.views.web.playground.document import LANGUAGES, document
from web_client import serving_playground

pytestmark = pytest.mark.slow

WIDTHS = {"G": [2, 32, 32, 2], "D": [2, 32, 32, 1]}
BATCH, GAMMA = 12, 0.3


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("playground") / "playground.html"
    path.write_text(document(), encoding="utf-8")
    return f"file://{path}"


@pytest.fixture
def play(file: str, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Open the page from the disk, with the network off and a fragment behind its address."""

    def open_one(fragment: str = "", **options: Any) -> Any:
        page = open_page(file + fragment, offline=True, **options)
        page.wait_for_selector("body.ready")
        return page

    return open_one


class Pair:
    """The networks of the page in torch, and the batch of one step."""

    def __init__(self) -> None:
        random = torch.Generator().manual_seed(3)

        def drawn(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=random, dtype=torch.float64)

        self.networks = {name: network(widths) for name, widths in WIDTHS.items()}
        for model in self.networks.values():
            for parameter in model.parameters():
                parameter.data = drawn(*parameter.shape) / 3
        self.G, self.D = self.networks["G"], self.networks["D"]
        self.real, self.z = drawn(BATCH, 2), drawn(BATCH, 2)
        self.shares = torch.rand(BATCH, generator=random, dtype=torch.float64)

    def given(self, **settings: Any) -> dict[str, Any]:
        """Return all of it as numbers for the page."""
        numbers = {name: getattr(self, name).flatten().tolist() for name in ("real", "z", "shares")}
        weights = {name: [p.flatten().tolist() for p in model.parameters()] for name, model in self.networks.items()}
        return {**numbers, "weights": weights, "settings": {"gamma": GAMMA, "penalty": "none", **settings}}


def network(widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, dtype=torch.float64), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


STEPS = """({ real, z, shares, weights, settings }) => {
  const { Game, DEFAULTS, distributionOf } = faussaire;
  const game = new Game({ ...DEFAULTS, ...settings }, distributionOf("eight"));
  for (const name of ["G", "D"])
    game[name].layers.forEach((layer, k) => {
      layer.weight.set(weights[name][2 * k]);
      layer.bias.set(weights[name][2 * k + 1]);
    });
  const gradients = (network) => network.layers.flatMap(({ weightGrad, biasGrad }) => [[...weightGrad], [...biasGrad]]);
  const rows = (values) => Float64Array.from(values), n = z.length / 2;
  const stepD = game.gradientsD(rows(real), game.G.output(rows(z), n), rows(shares)), D = gradients(game.D);
  const stepG = game.gradientsG(rows(z), rows(real)), G = gradients(game.G);
  const arrows = [...game.pull(game.G.output(rows(z), n), rows(real)).slopes];
  game.D.adam(0.01, [0.5, 0.99]);
  game.D.adam(0.01, [0.5, 0.99]);
  const after = [...game.D.layers[1].weight];
  return { lossD: stepD.loss, penalty: stepD.penalty, lossG: stepG.loss, D, G, arrows, after };
}"""
GAMES = [*((name, ()) for name in LOSSES), ("relativistic", ("r1", "r2")), ("wasserstein", ("wgan_gp",))]
SETS = {(): "none", ("r1", "r2"): "r1r2", ("wgan_gp",): "wgan_gp"}


@pytest.mark.parametrize(("loss", "penalties"), GAMES)
def test_a_step_of_each_network_has_the_losses_and_gradients_of_torch(
    play: Any, loss: str, penalties: tuple[str, ...]
) -> None:
    pair = Pair()
    told = play().evaluate(STEPS, pair.given(loss=loss, penalty=SETS[penalties]))
    fake = pair.G(pair.z)
    logits = [pair.D(points).flatten() for points in (pair.real, fake)]
    loss_D = LOSSES[loss].discriminator(*logits).mean()
    penalty = torch.zeros((), dtype=torch.float64)
    if penalties:
        penalty = penalise(penalties, lambda x: pair.D(x).flatten(), pair.real, fake.detach(), pair.shares).mean()
    of_D = torch.autograd.grad(
        loss_D + GAMMA * penalty, list(pair.D.parameters()), retain_graph=True, allow_unused=True
    )
    (arrows,) = torch.autograd.grad(LOSSES[loss].generator(*logits).sum(), fake, retain_graph=True)
    loss_G = LOSSES[loss].generator(*logits).mean()
    of_G = torch.autograd.grad(loss_G, list(pair.G.parameters()))
    assert [told["lossD"], told["penalty"], told["lossG"]] == pytest.approx(
        [value.item() for value in (loss_D, penalty, loss_G)], abs=1e-9
    )
    assert told["arrows"] == pytest.approx(arrows.flatten().tolist(), abs=1e-9)
    for ours, theirs in zip(told["D"] + told["G"], [*of_D, *of_G], strict=True):
        assert ours == pytest.approx(theirs.flatten().tolist(), abs=1e-9)
    assert max(map(abs, told["D"][0] + told["G"][0])) > 1e-3
    adam = torch.optim.Adam(pair.D.parameters(), lr=0.01, betas=(0.5, 0.99))
    for parameter, gradient in zip(pair.D.parameters(), of_D, strict=True):
        parameter.grad = gradient
    adam.step()
    adam.step()
    assert told["after"] == pytest.approx(pair.D[2].weight.flatten().tolist(), abs=1e-9)


def test_the_page_knows_our_losses_and_penalties_by_their_names_and_the_saturating_one(play: Any) -> None:
    names = play().evaluate("[Object.keys(faussaire.LOSSES), Object.keys(faussaire.PENALTIES)]")
    assert set(names[0]) == {*LOSSES, "saturating"}
    assert set(names[1]) == set(PENALTIES)


NOW = """() => {
  const { game, story } = faussaire.play;
  return { ...story.now(), verdict: document.body.dataset.verdict, rounds: game.rounds, accuracy: story.accuracy() };
}"""


def after(page: Any, preset: str, rounds: int, **change: Any) -> dict[str, Any]:
    """Press the button of an experiment, which begins; change settings and begin anew; tell how it stands after so many
    rounds.
    """
    page.click(f"#preset-{preset}")
    assert page.inner_text("#run") == "Pause"
    page.click("#run")
    page.evaluate("change => Object.keys(change).length && faussaire.play.choose(change)", change)
    page.click("#restart")
    page.evaluate("rounds => { faussaire.play.rounds(rounds); faussaire.play.show(); }", rounds)
    told: dict[str, Any] = page.evaluate(NOW)
    assert told["rounds"] == rounds
    return told


def test_the_good_experiments_cover_what_they_say(play: Any) -> None:
    page = play()
    islands, ring = after(page, "good", 400), after(page, "ring", 700)
    assert islands["covered"] >= 7
    assert (ring["covered"] >= 15, ring["of"], ring["verdict"]) == (True, 16, "good")
    assert ring["accuracy"] < 0.65
    assert page.inner_text("#covered") == f"{ring['covered']} of 16"


def test_the_collapse_sits_on_a_few_islands(play: Any) -> None:
    page = play()
    told = after(page, "collapse", 400)
    assert 1 <= told["covered"] <= 3
    assert told["onData"] > 0.6
    assert told["verdict"] == "collapse"
    assert after(page, "collapse", 600, optimizerG="adam", penalty="r1r2", dSteps=2, beta1=0)["covered"] >= 7


def test_the_cloud_swings_past_its_island_and_comes_to_rest_by_its_cure(play: Any) -> None:
    page = play()
    assert after(page, "swing", 400)["verdict"] == "swing"
    cured = after(page, "swing", 400, penalty="r1r2", beta1=0)
    assert cured["verdict"] == "good"
    assert cured["onData"] > 0.8


def test_the_discriminator_that_is_too_strong_gives_no_arrows_until_the_loss_is_the_textbooks(play: Any) -> None:
    page = play()
    told = after(page, "strong", 80)
    assert told["accuracy"] == 1
    assert told["pull"] < 0.001
    assert told["covered"] == 0
    assert told["verdict"] == "strong"
    assert after(page, "strong", 80, loss="bce")["pull"] > 1


def test_each_step_changes_its_own_network_and_nothing_else(play: Any) -> None:
    page = play()
    weights = "['G', 'D'].map((name) => faussaire.play.game[name].layers.map(({ weight }) => [...weight]))"
    start = page.evaluate(weights)
    page.click("#step-D")
    once = page.evaluate(weights)
    assert once[0] == start[0]
    assert once[1] != start[1]
    page.click("#step-G")
    twice = page.evaluate(weights)
    assert twice[0] != once[0]
    assert twice[1] == once[1]
    page.keyboard.press("3")
    page.wait_for_selector("#rounds:has-text('1')")
    page.keyboard.press("0")
    page.wait_for_selector("#rounds:has-text('0')")
    assert page.evaluate(weights) == start


def test_it_runs_until_it_is_paused(play: Any) -> None:
    page = play("#speed=1000")
    page.keyboard.press("r")
    while page.evaluate("faussaire.play.game.rounds") <= 20:  # within the time that a test has
        page.wait_for_timeout(50)
    page.keyboard.press("r")
    assert page.inner_text("#run") == "Run"
    rounds = page.evaluate("faussaire.play.game.rounds")
    page.wait_for_timeout(100)
    assert page.evaluate("faussaire.play.game.rounds") == rounds
    assert page.get_attribute("#accuracy-0", "points")


TICKS = """async (count) => {
  for (const on of [true, false, true, false, true]) faussaire.play.run(on);
  const frames = () => Number(document.body.dataset.frames ?? 0), before = frames();
  for (let i = 0; i < count; i++) await new Promise(requestAnimationFrame);
  faussaire.play.run(false);
  return frames() - before;
}"""


def test_paused_and_run_again_at_once_it_plays_in_one_loop(play: Any) -> None:
    assert 1 <= play().evaluate(TICKS, 6) <= 7


def test_a_drawing_by_mouse_and_keyboard_is_learnt_and_goes_along_with_the_address(play: Any) -> None:
    page = play("#data=drawn&seed=7")
    assert page.is_disabled("#run")
    box = page.locator("#plane").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 60, y)
    page.mouse.down()
    page.mouse.move(x + 140, y - 80, steps=4)
    page.mouse.up()
    page.focus("#plane")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    drawn = page.evaluate("faussaire.play.drawn")
    assert len(drawn) > 10
    assert drawn[-1] == pytest.approx([-0.1, 0], abs=0.01)
    assert drawn[0] == pytest.approx([4 * 60 / box["width"], 0], abs=0.03)
    page.locator("#lrG").focus()
    page.keyboard.press("ArrowRight")
    page.evaluate("faussaire.play.rounds(30)")
    assert page.evaluate("faussaire.play.story.now().of") > 3
    other = play(re.sub("^[^#]*", "", page.url))
    assert other.evaluate("faussaire.play.drawn") == drawn
    assert other.evaluate("faussaire.play.settings") == page.evaluate("faussaire.play.settings")
    other.evaluate("faussaire.play.rounds(30)")
    weights = "[...faussaire.play.game.G.layers[0].weight]"
    page.click("#restart")
    page.evaluate("faussaire.play.rounds(30)")
    assert other.evaluate(weights) == page.evaluate(weights)


def test_a_link_with_impossible_parts_opens_and_says_which(play: Any) -> None:
    page = play("#data=spiral&lrD=fast&batch=64.5&dSteps=11&drawn=%25&loss=constructor&seed=3&bold")
    assert page.inner_text("#trouble").endswith("lrD=fast, batch=64.5, dSteps=11, drawn, loss=constructor, bold.")
    settings = page.evaluate("faussaire.play.settings")
    assert (settings["data"], settings["seed"], settings["lrD"]) == ("spiral", 3, 0.01)


def test_an_experiment_is_a_short_link_and_one_with_other_settings_is_none(play: Any) -> None:
    page = play("#preset=ring&seed=4")
    assert page.evaluate("faussaire.play.settings") == {
        **page.evaluate("({ ...faussaire.DEFAULTS, ...faussaire.PRESETS.ring })"),
        "preset": "ring",
        "seed": 4,
    }
    assert page.evaluate("faussaire.fragmentOf(faussaire.play.settings, [])") == "#preset=ring&seed=4"
    kinds = [page.evaluate("text => faussaire.stateOf(text).settings.preset", text) for text in LINKS]
    assert kinds == list(LINKS.values())


LINKS = {
    "#preset=collapse": "collapse",
    "#preset=collapse&dSteps=1": "own",
    "#preset%3Dcollapse%26speed%3D5": "collapse",
    "#preset=collapse&amp;seed=3": "collapse",
    "#data=moons": "own",
    "#seed=9": "good",
}


def test_a_hostile_link_opens_and_is_not_repeated_at_length(play: Any) -> None:
    parts = ["__proto__=1", "<img src=x>", "seed=1=2", "%E0%A4%A", *(f"x{k}={'y' * 100}" for k in range(2000))]
    page = play("#" + "&".join(parts))
    assert page.evaluate("faussaire.play.settings") == page.evaluate("faussaire.DEFAULTS")
    told = page.inner_text("#trouble")
    assert told.endswith("…, ….")
    assert len(told) < 300
    assert page.query_selector("#trouble img") is None


def test_who_draws_by_keyboard_sees_where_the_cross_stands(play: Any) -> None:
    page = play("#data=drawn")
    page.focus("#clear")
    page.keyboard.press("Tab")
    assert page.evaluate("[document.activeElement.id, ...faussaire.play.cursor]") == ["plane", 0, 0]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.inner_text("#drawn-count").startswith("1 ")
    page.keyboard.press("Tab")
    assert page.evaluate("faussaire.play.cursor") is None
    page.keyboard.press("3")  # on a checkbox, which has no use for the key
    assert page.inner_text("#rounds") == "1"


def test_a_slow_device_shows_a_coarser_map_rather_than_fewer_pictures(play: Any) -> None:
    page = play()
    fine = page.evaluate("picture.fineness")
    draw = "picture.cost = 1000; picture.drawInTime(faussaire.play.game, faussaire.play.layers, null); picture.fineness"
    assert [fine, page.evaluate(draw), page.evaluate(draw), page.evaluate(draw)] == [0, 1, 2, 2]


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_a_phone_shows_it_legibly_without_scrolling_sideways(play: Any, language: str, scheme: str) -> None:
    page = play(viewport={"width": 360, "height": 740}, color_scheme=scheme, locale=language, reduced_motion="reduce")
    for data in ("eight", "drawn"):
        page.select_option("#data", data)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_attribute("html", "lang") == language
    assert page.is_visible("#calm")
    small = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((e) => parseFloat(getComputedStyle(e).fontSize) < 13 && "
        "e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))"
        ".map((e) => e.outerHTML)"
    )
    assert small == []
    narrow = page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter((e) => e.checkVisibility() && "
        "Math.min(e.offsetWidth, e.offsetHeight) < 24).map((e) => e.outerHTML)"
    )
    assert narrow == []


def test_both_languages_say_everything_with_the_same_figures(play: Any) -> None:
    page = play()
    texts = [flat(text) for text in page.evaluate("JSON.parse(document.getElementById('texts').textContent)").values()]
    assert len(texts) == len(LANGUAGES)
    assert texts[0].keys() == texts[1].keys()
    for name, english in texts[0].items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", texts[1][name])), name
    page.click("text=Français")
    assert page.inner_text("#run") == "Lancer"
    assert page.inner_text("#verdict").startswith("Rien n’est encore appris")
    assert page.evaluate("document.body.innerText.includes('undefined')") is False


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in content.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def test_it_is_served_alone_and_loads_nothing(open_page: Any) -> None:
    with serving_playground() as port:
        page = open_page(f"http://127.0.0.1:{port}/?lang=fr#data=ring")
        page.wait_for_selector("body.ready")
        page.click("#step-round")
        assert page.get_attribute("html", "lang") == "fr"
        assert (
            page.evaluate("performance.getEntriesByType('resource').filter((r) => !/^data:/.test(r.name)).length") == 0
        )
