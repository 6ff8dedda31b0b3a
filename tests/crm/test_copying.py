"""The copy of a CRM that is read while people work in it; `tests.crm.copying` does it with a thousand edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crm.copying import CRMS, copied


@pytest.mark.parametrize("kind", CRMS)
def test_the_copy_is_what_stands_there(kind: str, tmp_path: Path) -> None:
    found = copied(kind, tmp_path, seed=77, edits=250)
    assert found.faults == []
    assert found.second == 0
    assert found.records > 8_800
    assert sum(found.acts.values()) >= 250
    assert found.acts["merge"]
