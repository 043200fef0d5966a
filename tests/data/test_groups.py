"""What is held out of data whose samples belong together by files: whole files, however they are called and ordered."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faussaire.data.store.groups import held_out_groups


def drawn(num_files: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Files of 1 to 20 samples, all different."""
    rng = np.random.default_rng(seed)
    files = np.repeat(np.arange(num_files), rng.integers(1, 21, num_files))
    return files, rng.integers(0, 2**63, len(files)).astype(np.uint64)


@given(st.integers(0, 50))
def test_a_file_lies_on_one_side_and_about_a_tenth_is_held_out(seed: int) -> None:
    files, digests = drawn(200, seed)
    held_out = held_out_groups(files, digests, np.ones(len(files), bool), one_in=10)
    assert all(len(set(held_out[files == file])) == 1 for file in range(200))
    assert 0.1 <= held_out.mean() <= 0.15


def test_files_that_share_a_sample_by_whatever_way_lie_on_one_side() -> None:
    files, digests = drawn(200)
    for file in range(0, 200, 4):  # a chain of three of each four
        digests[np.flatnonzero(files == file + 1)[0]] = digests[np.flatnonzero(files == file)[-1]]
        digests[np.flatnonzero(files == file + 2)[0]] = digests[np.flatnonzero(files == file + 1)[-1]]
    held_out = held_out_groups(files, digests, np.ones(len(files), bool), one_in=10)
    assert 0 < held_out.sum() < len(files) / 5
    assert not set(digests[held_out].tolist()) & set(digests[~held_out].tolist())
    for file in range(0, 200, 4):
        assert len(set(held_out[(files >= file) & (files < file + 3)])) == 1


def test_the_order_and_the_numbers_of_files_do_not_matter() -> None:
    files, digests = drawn(100)
    everything = np.ones(len(files), bool)
    held_out = set(digests[held_out_groups(files, digests, everything, one_in=10)].tolist())
    turned = held_out_groups(1000 - files[::-1], digests[::-1], everything, one_in=10)
    assert set(digests[::-1][turned].tolist()) == held_out


def test_what_is_not_kept_is_not_held_out_and_links_nothing() -> None:
    files, digests = np.repeat([0, 1, 2, 3], 5), np.arange(20, dtype=np.uint64)
    digests[5], kept = digests[0], np.ones(20, bool)
    kept[[0, 5]] = False
    held_out = held_out_groups(files, digests, kept, one_in=4)
    assert not held_out[[0, 5]].any()
    assert held_out.sum() == 5 or held_out.sum() == 4


def test_nothing_is_held_out_of_files_of_which_each_is_too_large() -> None:
    files, digests = np.repeat([0, 1, 2], 100), np.arange(300, dtype=np.uint64)
    assert not held_out_groups(files, digests, np.ones(300, bool), one_in=10).any()
    assert len(held_out_groups(files[:0], digests[:0], np.ones(0, bool), one_in=10)) == 0
