"""Which process this is, by what torchrun writes into the environment."""

from __future__ import annotations

from faussaire.core.ranks import num_ranks, place, rank


def test_a_process_alone_is_the_first_of_one() -> None:
    assert (rank({}), num_ranks({}), place({})) == (0, 1, 0)
    assert num_ranks({"WORLD_SIZE": "8"}) == 1  # of somebody else's making: torchrun says both


def test_torchrun_says_which_of_how_many_and_where() -> None:
    environment = {"RANK": "9", "WORLD_SIZE": "16", "LOCAL_RANK": "1"}
    assert (rank(environment), num_ranks(environment), place(environment)) == (9, 16, 1)


def test_what_is_no_number_is_taken_for_a_process_alone() -> None:
    assert (rank({"RANK": "x", "WORLD_SIZE": ""}), num_ranks({"RANK": "x", "WORLD_SIZE": ""})) == (0, 1)
