"""A stand-in of an outside system: started in a folder, filled once, with faults to switch on.  (shell)"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx

from billsync.connector import NoSandbox
from billsync.local.process import LocalProcess

_PATIENCE_S: Final = 300
_SEED: Final = "seed"


class StandIn(ABC):
    """One stand-in, kept in one folder; a subclass per system says what is special about it.

    Class attributes:
        server: the module that is the stand-in: `python -m SERVER --folder FOLDER --port N`.
        catalogue: its faults by name, each with `what`, `executed`, `options`.
        seed: the data that a new one begins with where its options do not say, or "" for none.
        OPTIONS: what `options:` may hold, for people.

    Attributes:
        folder: holds its data, its secrets (0600), the port, the log.
        options: `seed`, and settings of the stand-in as text.
    """

    server: ClassVar[str]
    catalogue: ClassVar[Mapping[str, Any]]
    seed: ClassVar[str] = ""
    OPTIONS: ClassVar[str]

    def __init__(self, folder: Path, *, cache: Path | None = None, options: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.cache = cache
        self.options = dict(options or {})
        self._process = LocalProcess(self.folder, "sandbox", str(self.folder))

    # ------------------------------------------------------------ what is special

    @abstractmethod
    def furnish(self, own: Mapping[str, str]) -> None:
        """Give a started one its secrets, and `own`: the settings that its options name.  Raises `NoSandbox`."""

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What a connection to it needs, secrets among them.  Raises `NoSandbox`."""

    def key(self) -> dict[str, str]:
        """Headers that its administration wants."""
        return {}

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        error = answer.get("error") if isinstance(answer, dict) else None
        return str(error.get("message", status) if isinstance(error, dict) else status)

    # ------------------------------------------------------------ up and down

    def up(self, progress: Callable[[str], None] = lambda _line: None) -> dict[str, str]:
        """Start it, with its data where it is new; the connection's settings.  Raises `NoSandbox`."""
        if not self.running():
            self.folder.mkdir(parents=True, exist_ok=True)
            progress("starting the sandbox")
            command = [sys.executable, "-m", self.server, "--folder", str(self.folder), "--port"]
            self._process.start([*command, str(self._process.port())], self._answers)
            try:
                self._furnish(progress)
            except NoSandbox:
                self.down()
                raise
        return self.settings()

    def down(self) -> None:
        """Stop it, if it runs; the data stays."""
        self._process.stop()

    def running(self) -> bool:
        """Whether this folder's stand-in is there and answers."""
        return self._process.pid() is not None and self._answers()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._process.port()}/"

    # ------------------------------------------------------------ faults

    @classmethod
    def faults(cls) -> list[dict[str, str]]:
        """What can be switched on: `fault`, `what`, `executed`, `options` of each."""
        return [
            {
                "fault": name,
                "what": fault.what,
                "executed": fault.executed,
                "options": ", ".join(f"{option}={value}" for option, value in fault.options.items()),
            }
            for name, fault in cls.catalogue.items()
        ]

    def fault(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Switch a fault on; gives it as it stands.  Raises `NoSandbox`."""
        return self.admin("POST", "faults", {"fault": name, **options})

    def admin(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request to its administration.  Raises `NoSandbox`."""
        try:
            url, headers = f"{self.url}admin/{path}", self.key()
            answer = httpx.request(method, url, json=value, headers=headers, timeout=_PATIENCE_S, trust_env=False)
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, OSError, ValueError):
            message = f"the sandbox in {self.folder} is not reached: start it with `billsync sandbox up`"
            raise NoSandbox("no_sandbox", message) from None
        if answer.status_code >= 400:
            raise NoSandbox("no_sandbox", self.told(found, answer.status_code))
        return found

    # ------------------------------------------------------------ inside

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}admin/health", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _furnish(self, progress: Callable[[str], None]) -> None:
        """Its settings and secrets; and, once, the data to begin with."""
        self.furnish({name: value for name, value in self.options.items() if name != _SEED})
        seed, marked = self.options.get(_SEED, self.seed), self.folder / "seeded"
        if seed not in ("", "none") and not marked.exists():
            progress(f"filling the sandbox with {seed}")
            self.admin("POST", "seed", {"name": seed, "folder": str(demo_data())})
            marked.touch()


def demo_data() -> Path:
    """The folder of the demo's CRM data: in a wheel, or in a checkout."""
    found = find_spec("billsync")
    package = Path(str(found.origin)).parent if found else Path()
    inside = package / "_data" / "demo"
    return (inside if inside.is_dir() else package.parents[1] / "demo") / "crm_sales_opportunities"
