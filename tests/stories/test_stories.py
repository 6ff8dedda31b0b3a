"""Stories as data, in areas that no public suite covers: what is given, and what comes of it, worked out by hand.

`AREA/STORY/given.yaml` says what was agreed and what happened, `then.yaml` what must come of it, with its
sums.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from billsync.strict.yaml import load
from tests.stories.tell import AREAS

HERE = Path(__file__).parent
STORIES = sorted(path.parent for path in HERE.glob("*/*/given.yaml"))


def read(path: Path) -> Any:
    return load(path.read_text("utf-8"), str(path)).plain()


def difference(expected: Any, found: Any) -> str:
    """Line by line, `-` for what the story says and `+` for what came of it."""
    then, now = (json.dumps(value, indent=1, sort_keys=True).splitlines() for value in (expected, found))
    return "\n".join(difflib.unified_diff(then, now, "then.yaml", "found", lineterm="", n=2))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_story(story: Path) -> None:
    given, then = read(story / "given.yaml"), read(story / "then.yaml")
    assert given["story"].strip()
    found = AREAS[story.parent.name](given)
    assert found == then, f"\n{difference(then, found)}"


def test_there_are_stories_of_every_area() -> None:
    areas = Counter(story.parent.name for story in STORIES)
    assert len(STORIES) >= 20
    assert all(areas[area] >= 5 for area in AREAS)
