"""What the numbers among the settings are, in the words of their users."""

from __future__ import annotations

from dataclasses import fields

import pytest

from faussaire.core.config import FIELDS
from faussaire.core.errors import ConfigError
from faussaire.core.quantities import QUANTITIES, read_number, read_whole
from faussaire.generation.export import exporters


def test_every_number_among_the_settings_says_what_it_is_of() -> None:
    options = [field for exporter in exporters().values() for field in fields(exporter.options)]
    numbers = {f.name for f in [*FIELDS.values(), *options] if str(f.type).startswith(("int", "float", "tuple[int"))}
    assert numbers <= QUANTITIES.keys()


@pytest.mark.parametrize("text", ["soon", "nan", "inf", "10min", "", "0,5", "1e400", "-inf"])
def test_what_is_no_number_is_refused_in_the_terms_of_its_user(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_number("--minutes", "minutes", text)
    assert str(caught.value) == f"--minutes takes a number of minutes such as 10 or 0.5, not {text!r}"


@pytest.mark.parametrize("text", ["64", "64.0", "6.4e1", "+64"])
def test_a_whole_number_may_be_spelt_in_any_way(text: str) -> None:
    assert read_whole("-n", "n", text) == 64
    assert read_whole("--seed", "seed", str(2**64 - 1)) == 2**64 - 1  # more digits than a float holds


def test_a_part_of_one_is_no_whole_number() -> None:
    with pytest.raises(ConfigError, match=r"-n takes a whole number of samples such as 64, not '1\.5'"):
        read_whole("-n", "n", "1.5")
