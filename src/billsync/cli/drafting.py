"""A configuration under change: it is written as a whole or not at all, and what was begun is undone.  (shell)"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from billsync import settings
from billsync.cli import guard, show
from billsync.settings import Settings
from billsync.settings.editing import CannotEdit, Value, extend, put
from billsync.strict.yaml import load
from billsync.vault import new_key

FOLDER: Final = "secrets"
_IGNORE: Final = "*\n"


class Draft:
    """The text of a configuration, and the secret files that it will refer to.

    Attributes:
        path: the configuration; made: files that were made for it, undone unless it is kept.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.made = path, list[Path]()
        self._before = self.text = path.read_bytes().decode("utf-8-sig")
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._kept:
            self.undo()

    # ------------------------------------------------------------ what it says

    def settings(self) -> Settings:
        """What the configuration would be.  Raises `BadSettings`."""
        return settings.parsed(self.text, self.path)

    def given(self, *path: str) -> Any:
        """What stands under some keys, without places; None where nothing does."""
        found: Any = load(self.text, str(self.path)).plain()
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.text != self._before

    # ------------------------------------------------------------ changes

    def put(self, path: Sequence[str], value: Value) -> None:
        """Another value.  Raises `guard.Wrong` where the text cannot be changed with certainty."""
        try:
            self.text = put(self.text, path, value)
        except CannotEdit as error:
            raise guard.Wrong(f"{show.visible(str(self.path))}: {error}") from None

    def extend(self, path: Sequence[str], items: Sequence[str]) -> None:
        """More entries in a list.  Raises `guard.Wrong`."""
        try:
            self.text = extend(self.text, path, items)
        except CannotEdit as error:
            raise guard.Wrong(f"{show.visible(str(self.path))}: {error}") from None

    def secret(self, name: str, text: str) -> str:
        """Put a secret into a file of its own, for its owner only; the reference to it."""
        folder = self.path.absolute().parent / FOLDER
        self._folder(folder)
        self._new(folder / name, f"{text}\n")
        return f"file:{FOLDER}/{name}"

    def file(self, name: str, text: str) -> None:
        """A new file beside the configuration, with its folders.  Raises `guard.Wrong` where one is there."""
        path = self.path.absolute().parent / name
        for folder in reversed([each for each in path.parents if not each.exists()]):
            folder.mkdir()
            self.made.append(folder)
        self._new(path, text, 0o644)

    def with_vault(self) -> None:
        """Name a key that seals tokens, where there is none yet."""
        if self.given("vault") is None:
            self.put(["vault"], self.secret("vault.key", new_key()))

    # ------------------------------------------------------------ the end

    def keep(self) -> None:
        """Write the configuration, whole.  Raises `guard.Wrong` where somebody changed it meanwhile."""
        self.settings()
        if self.path.read_bytes().decode("utf-8-sig") != self._before:
            raise guard.Wrong(f"{show.visible(str(self.path))} was changed meanwhile: begin again; nothing was written")
        beside = self.path.with_name(f".{self.path.name}.new")
        mode = self.path.stat().st_mode & 0o777
        descriptor = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(self.text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self._kept = True

    def undo(self) -> None:
        """Take away what was made for it."""
        while self.made:
            made = self.made.pop()
            if made.is_dir():
                if not any(made.iterdir()):
                    made.rmdir()
            else:
                made.unlink(missing_ok=True)

    # ------------------------------------------------------------ inside

    def _folder(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self.made.append(folder)
            self._new(folder / ".gitignore", _IGNORE)

    def _new(self, path: Path, text: str, mode: int = 0o600) -> None:
        """A new file; one that is there is somebody's, and stays."""
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        except FileExistsError:
            what = f"there is a file '{show.visible(str(path))}' already"
            raise guard.Wrong(f"{what}: name it in the configuration, or remove it") from None
        self.made.append(path)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
