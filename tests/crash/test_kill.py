"""kill -9 at every named point of a run: started again, everything is billed and sent once, equal to the cent."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.conftest import CACHE
from tests.crash.made import make_case

pytestmark = [pytest.mark.tryton, pytest.mark.slow]

POINTS = [
    "store:pull-page:after-commit",
    "store:map-page:after-commit",
    "store:charges:before-commit",
    "store:charges:after-commit",
    "store:plan:after-commit",
    "store:invoices:before-commit",
    "store:invoices:after-commit",
    "store:claim:after-commit",
    "http:before",
    "http:after",
    "write:party:after",
    "write:invoice:before",
    "write:invoice:after",
    "write:status:after",
    "store:outcome:before-commit",
    "store:outcome:after-commit",
    "store:sent:after-commit",
    "store:plan-status:after-commit",
    "store:run-finish:before-commit",
]


AT_THE_ERP = ("http:", "write:", "store:claim", "store:outcome", "store:invoices:after")
"""Where the real ERP has a say.  All commits, of the stand-in's kinds, are struck by `test_enumeration`."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every point in a long run (`make soak`), those that matter to the ERP in each."""
    if "point" in metafunc.fixturenames:
        long = int(metafunc.config.getoption("--soak")) > 2
        metafunc.parametrize("point", [point for point in POINTS if long or point.startswith(AT_THE_ERP)])


def test_killed_at_a_point_and_started_again(point: str, tmp_path: Path, tryton_sandbox: TrytonSandbox) -> None:
    case = make_case(tmp_path / "case", tryton_sandbox)
    assert case.run(point) == -9, case.points()
    assert case.run() == 0
    case.check()


@pytest.mark.parametrize("nth", [3, 4, 5])
def test_killed_between_the_requests_that_make_and_post_an_invoice(
    nth: int, tmp_path: Path, tryton_sandbox: TrytonSandbox
) -> None:
    """The requests that write: parties, products, drafts, posting; before and after each of the later ones."""
    case = make_case(tmp_path / "case", tryton_sandbox)
    assert case.run("http:before", nth) in (-9, 0)
    assert case.run() == 0
    case.check()


def test_killed_twice_the_second_time_while_recovering(tmp_path: Path, tryton_sandbox: TrytonSandbox) -> None:
    case = make_case(tmp_path / "case", tryton_sandbox)
    assert case.run("write:invoice:after") == -9
    assert case.run("store:reap:after-commit") == -9
    assert case.run("store:probe:before-commit") == -9
    assert case.run() == 0
    case.check()


def test_on_postgres(tmp_path: Path, tryton_sandbox: TrytonSandbox, postgres_url: str) -> None:
    case = make_case(tmp_path / "case", tryton_sandbox, store=f'"{postgres_url}"')
    assert case.run("write:invoice:after") == -9
    assert case.run("store:outcome:before-commit") in (-9, 0)
    assert case.run() == 0
    case.check()


def test_the_erp_is_stopped_in_the_middle(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exit 3, nothing lost; started again: finished."""
    own = TrytonSandbox(tmp_path_factory.mktemp("erp"), cache=CACHE)
    own.up()
    try:
        case = make_case(tmp_path / "case", own)
        victim = (own.folder / "tryton.pid").read_text(encoding="utf-8").strip()
        assert case.run("write:invoice:before", 1, victim) == 3
        own.up()
        assert case.run() == 0
        case.check()
    finally:
        own.down()


def test_random_kills(tmp_path: Path, tryton_sandbox: TrytonSandbox, request: pytest.FixtureRequest) -> None:
    """As many random points as `--soak` says (2 without it), one after the other in the same folder."""
    rounds = int(request.config.getoption("--soak"))
    chance = random.Random(rounds)
    for number in range(max(1, rounds // 8)):
        case = make_case(tmp_path / f"case-{number}", tryton_sandbox)
        for _ in range(min(rounds, 8)):
            case.run(chance.choice(POINTS), chance.randint(1, 3))
        assert case.run() == 0
        case.check()
