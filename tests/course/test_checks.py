"""The checks of the course name the mistake, in both languages, and take every right answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import answers
from answers import bce, bce_of, descend
from checks import (
    Checks,
    find_in_choice,
    find_in_generator,
    find_in_names,
    find_in_nearest,
    find_in_new,
    find_in_penalty,
    find_in_settings,
    find_in_shares,
    find_in_step_1,
    find_in_step_2,
    find_in_way,
)
from faussaire.evaluation.verdicts.training import judge
from faussaire.runs.folder import RunFolder
from faussaire.views.words import words_for
from words import LANGUAGES, all_words

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


def in_percent(lines, known):
    return 100 * answers.new_share(lines, known)


@pytest.mark.parametrize(
    ("find", "answer", "mistake"),
    [
        (find_in_choice, answers.only, []),
        (find_in_choice, lambda images, labels, wanted: images[np.flatnonzero(labels == wanted)], []),
        (find_in_choice, lambda images, labels, wanted: images[labels != wanted], ["others-kept"]),
        (find_in_choice, lambda images, labels, wanted: labels == wanted, ["mask-or-places"]),
        (find_in_way, answers.between, []),
        (find_in_way, lambda a, b, n: answers.between(b, a, n), ["backwards"]),
        (find_in_way, lambda a, b, n: answers.between(a, b, n + 1)[:-1], ["ends-missing"]),
        (find_in_way, lambda a, b, n: a + torch.linspace(0, 1, n)[:, None] ** 2 * (b - a), ["uneven"]),
        (find_in_names, answers.first_named, []),
        (find_in_names, lambda data, n: (data.images[:n], data.labels[:n]), ["numbers-not-names"]),
        (find_in_names, lambda data, n: answers.first_named(data, 3), ["other-number:3:3"]),
        (find_in_nearest, answers.nearest, []),
        (find_in_nearest, lambda fakes, reals: torch.cdist(fakes, reals).argmin(0), ["other-axis"]),
        (find_in_nearest, lambda fakes, reals: torch.cdist(fakes, reals).argmax(1), ["farthest"]),
        (find_in_penalty, answers.penalty, []),
        (find_in_penalty, lambda D, real: answers.penalty(D, real).detach(), ["no-way-back"]),
        (find_in_penalty, lambda D, real: answers.penalty(D, real).sqrt(), ["not-squared"]),
        (find_in_penalty, lambda D, real: 3 * answers.penalty(D, real), ["summed"]),
        (find_in_new, answers.new_share, []),
        (find_in_new, lambda lines, known: 1 - answers.new_share(lines, known), ["share-of-known"]),
        (find_in_new, lambda lines, known: len(set(lines) - set(known)) / len(set(lines)), ["of-different"]),
        (find_in_new, in_percent, ["in-percent"]),
    ],
)
def test_the_other_exercises_are_checked_by_numbers(find, answer, mistake) -> None:
    assert find(answer) == mistake
    assert find(lambda *given: ...) == ["empty"]
    assert {name.split(":")[0] for name in mistake} <= set(all_words()["checks"])


def test_a_generator_is_checked_by_what_it_makes() -> None:
    def too_small():
        return nn.Sequential(nn.Linear(100, 14 * 14), nn.Tanh(), nn.Unflatten(1, (1, 14, 14)))

    def without_tanh():
        return nn.Sequential(nn.Linear(100, 28 * 28), nn.Unflatten(1, (1, 28, 28)))

    def dense():
        return nn.Sequential(nn.Linear(100, 28 * 28), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))

    assert find_in_generator(answers.new_generator, shape=(1, 28, 28)) == []
    assert find_in_generator(dense, shape=(1, 28, 28)) == []
    assert find_in_generator(too_small, shape=(1, 28, 28)) == ["other-shape:(8, 1, 14, 14):(8, 1, 28, 28)"]
    assert find_in_generator(without_tanh, shape=(1, 28, 28))[0].startswith("out-of-range")


def test_settings_that_mend_are_others_that_a_training_takes() -> None:
    bad = {"lr": 5e-3, "g_steps": 8, "penalties": []}
    assert find_in_settings(answers.vary, bad) == []
    assert find_in_settings(answers.weaken, bad) == []
    assert find_in_settings(dict, bad) == ["nothing-changed"]
    assert find_in_settings(lambda settings: {**settings, "lrr": 1}, bad)[0].startswith("raises:unknown setting 'lrr'")
    assert find_in_settings(lambda settings: 3, bad) == ["no-settings"]


@pytest.mark.parametrize(("diversity", "right"), [(0.9, True), (0.1, False)])
def test_whether_a_run_is_mended_its_own_verdict_says(tmp_path, diversity, right) -> None:
    run = RunFolder(tmp_path)
    report = {"loss_D": 1.0, "loss_G": 1.0, "accuracy_real": 0.6, "accuracy_fake": 0.6, "n": 64}
    reports = []
    for number in range(1, 8):
        reports.append({**report, "diversity": diversity, "progress": number / 8})
        verdict = judge(reports)
        run.emit("stats", nimg=64 * number, **reports[-1], verdict=verdict.name, verdict_text=verdict.text)
    answer = Checks("fr").verdict(run, "collapsed")
    assert answer.right is right
    assert repr(answer).startswith("✓ Réparé" if right else "✗ Pas encore réparé")


def test_every_word_is_there_in_both_languages() -> None:
    for topic in all_words().values():
        for name, texts in topic.items():
            assert set(texts) == set(LANGUAGES), name
            assert texts["en"] != texts["fr"] or len(texts["en"]) < 12, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notebook_has_faussaire_speak_its_language_whatever_that_of_the_machine(language: str) -> None:
    Checks(language)
    assert words_for(None).language == language
