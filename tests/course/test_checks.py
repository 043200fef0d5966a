"""The checks of the course name the mistake, in both languages, and take every right answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

COURSE = Path(__file__).parents[2] / "course"
sys.path.insert(0, str(COURSE))

import answers  # noqa: E402
from answers import bce, bce_of, descend  # noqa: E402
from checks import Checks, find_in_shares, find_in_step_1, find_in_step_2  # noqa: E402
from words import LANGUAGES, all_words  # noqa: E402

SAID = {
    "swapped": ("labels are swapped", "étiquettes sont échangées"),
    "swapped-2": ("labels are swapped", "étiquettes sont échangées"),
    "not-detached": ("fakes are not detached", "ne sont pas détachées"),
    "not-frozen": ("D is not frozen", "D n'est pas figé"),
}


def swapped(G, D, opt_D, real, z):
    loss = bce(D(real), 0.0) + bce(D(G(z).detach()), 1.0)
    descend(opt_D, loss)
    return loss


def not_detached(G, D, opt_D, real, z):
    loss = bce(D(real), 1.0) + bce(D(G(z)), 0.0)
    descend(opt_D, loss)
    return loss


def averaged_without_gradient(G, D, opt_D, real, z):
    with torch.no_grad():
        fake = G(z)
    loss = (bce(D(real), 1.0) + bce(D(fake), 0.0)) / 2
    descend(opt_D, loss)
    return loss


def no_step(G, D, opt_D, real, z):
    return bce(D(real), 1.0) + bce(D(G(z).detach()), 0.0)


def uphill(G, D, opt_D, real, z):
    loss = bce(D(real), 1.0) + bce(D(G(z).detach()), 0.0)
    descend(opt_D, -loss)
    return loss


def not_frozen(G, D, opt_G, z):
    loss = bce(D(G(z)), 1.0)
    descend(opt_G, loss)
    return loss


def both_learn(G, D, opt_G, z):
    loss = bce(D(G(z)), 1.0)
    descend(torch.optim.SGD([*G.parameters(), *D.parameters()], lr=0.1), loss)
    return loss


def swapped_2(G, D, opt_G, z):
    D.requires_grad_(False)
    loss = bce(D(G(z)), 0.0)
    descend(opt_G, loss)
    D.requires_grad_(True)
    return loss


def still_frozen(G, D, opt_G, z):
    D.requires_grad_(False)
    loss = bce(D(G(z)), 1.0)
    descend(opt_G, loss)
    return loss


def cut(G, D, opt_G, z):
    D.requires_grad_(False)
    loss = bce(D(G(z).detach()), 1.0)
    descend(opt_G, loss)
    return loss


@pytest.mark.parametrize(
    ("step", "mistake"),
    [
        (answers.step_1, []),
        (averaged_without_gradient, []),
        (swapped, ["swapped"]),
        (not_detached, ["not-detached"]),
        (no_step, ["no-step"]),
        (uphill, ["uphill"]),
        (lambda *given: None, ["empty"]),
        (lambda G, D, opt_D, real, z: bce(D(real), 1.0), ["only-real"]),
    ],
)
def test_each_mistake_in_step_1_has_its_name(step, mistake) -> None:
    assert find_in_step_1(step) == mistake


@pytest.mark.parametrize(
    ("step", "mistake"),
    [
        (answers.step_2, []),
        (not_frozen, ["not-frozen"]),
        (both_learn, ["not-frozen"]),
        (swapped_2, ["swapped-2"]),
        (still_frozen, ["still-frozen"]),
        (cut, ["cut"]),
    ],
)
def test_each_mistake_in_step_2_has_its_name(step, mistake) -> None:
    assert find_in_step_2(step) == mistake


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("exercise", "wrong", "mistake"),
    [
        ("step_1", swapped, "swapped"),
        ("step_2", swapped_2, "swapped-2"),
        ("step_1", not_detached, "not-detached"),
        ("step_2", not_frozen, "not-frozen"),
    ],
)
def test_the_usual_wrong_answers_are_told_in_words(exercise, wrong, mistake, number) -> None:
    answer = getattr(Checks(LANGUAGES[number]), exercise)(wrong)
    assert not answer.right
    assert SAID[mistake][number] in repr(answer)
    assert repr(answer).startswith("✗")
    assert answer.use is getattr(answers, exercise)


def test_a_right_answer_is_what_the_notebook_goes_on_with() -> None:
    answer = Checks("en").step_1(averaged_without_gradient)
    assert answer.right
    assert answer.use is averaged_without_gradient
    assert repr(answer).startswith("✓")


def test_steps_with_probabilities_are_tested_by_their_own_stub() -> None:
    def swapped(G, D, opt_D, real, z):
        loss = bce_of(D(real), 0.0) + bce_of(D(G(z).detach()), 1.0)
        descend(opt_D, loss)
        return loss

    assert find_in_step_1(answers.step_1_by_probability, sigmoid=True) == []
    assert find_in_step_2(answers.step_2_by_probability, sigmoid=True) == []
    assert find_in_step_1(swapped, sigmoid=True) == ["swapped"]


def test_a_check_asks_for_no_layer_by_name() -> None:
    """A step that wraps its networks is as right as any."""

    def wrapped(G, D, opt_D, real, z):
        return answers.step_1(nn.Sequential(G), nn.Sequential(D), opt_D, real, z)

    assert find_in_step_1(wrapped) == []


def test_an_error_is_told_and_stops_nothing() -> None:
    def broken(G, D, opt_D, real, z):
        raise KeyError("fake")

    answer = Checks("fr").step_1(broken)
    assert "s'arrête sur une erreur : KeyError: 'fake'" in repr(answer)
    assert answer.use is answers.step_1


@pytest.mark.parametrize(
    ("returned", "mistake"),
    [
        ((2 / 3, 3 / 4), []),
        ((torch.tensor(2 / 3), torch.tensor(0.75)), []),
        ((1 / 3, 1 / 4), ["wrong-side"]),
        ((2 / 3, 1 / 4), ["fake-as-real"]),
        ((66.6667, 75.0), ["in-percent"]),
        (0.7, ["two-numbers"]),
        (None, ["empty"]),
    ],
)
def test_the_count_of_right_answers_is_checked_by_numbers(returned, mistake) -> None:
    assert find_in_shares(lambda D, real, fake: returned) == mistake


def test_every_word_is_there_in_both_languages() -> None:
    for topic in all_words().values():
        for name, texts in topic.items():
            assert set(texts) == set(LANGUAGES), name
            assert texts["en"] != texts["fr"] or len(texts["en"]) < 12, name
