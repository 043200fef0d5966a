"""Whatever asks a process to end does so tidily, and what it was started to ignore is ignored."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from faussaire.core.interruption import ENDING, noted_signals

WAITING = """
import sys, time
from faussaire.cli import main as cli

def wait():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("let go", flush=True)

cli.app.command(wait)
sys.argv = ["faussaire", "wait"]
cli.main()
"""


def begun(*command: str) -> subprocess.Popen[str]:
    """Start a process that has said that it is ready."""
    process = subprocess.Popen([*command], stdout=-1, stderr=-2, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_a_command_as_ctrl_c_does(number: int) -> None:
    process = begun(sys.executable, "-c", WAITING)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert out == "let go\nfaussaire: interrupted; nothing was changed\n"
    assert process.returncode == 128 + number


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system closes no terminals by a signal")
def test_a_command_under_nohup_outlives_its_terminal() -> None:
    process = begun("nohup", sys.executable, "-c", WAITING)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", ENDING)
def test_a_noted_signal_is_told_and_the_next_one_works_as_ever(number: int) -> None:
    heard: list[int] = []
    before = signal.signal(number, lambda received, _: heard.append(received))
    try:
        with noted_signals() as noted:
            assert noted() is None
            signal.raise_signal(number)
            assert noted() == number
            assert heard == []
            signal.raise_signal(number)
            assert heard == [number]
        signal.raise_signal(number)
        assert heard == [number, number]
    finally:
        signal.signal(number, before)


def test_an_ignored_signal_stays_ignored_while_others_are_noted() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with noted_signals() as noted:
            signal.raise_signal(signal.SIGTERM)
            assert noted() is None
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_than_the_main_one_notes_nothing() -> None:
    told: list[int | None] = []

    def note() -> None:
        with noted_signals() as noted:
            told.append(noted())

    thread = threading.Thread(target=note)
    thread.start()
    thread.join()
    assert told == [None]
