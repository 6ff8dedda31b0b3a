"""While runs go on, Python looks for garbage seldom; when the last of them ends, as before."""

from __future__ import annotations

import gc

import pytest

from billsync.stage.garbage import collected_seldom


def test_the_last_run_that_ends_puts_it_back_whatever_happened() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    first, second = collected_seldom(), collected_seldom()
    with first:
        seldom = gc.get_threshold()
        second.__enter__()
    assert gc.get_threshold() == seldom > before
    assert gc.get_freeze_count() > frozen
    with pytest.raises(ZeroDivisionError), collected_seldom():
        raise ZeroDivisionError
    assert gc.get_threshold() == seldom
    second.__exit__(None, None, None)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen)
