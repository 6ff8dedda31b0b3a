"""Which mapping files a command is about: named ones, folders, patterns, or those of the configuration.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from billsync import settings, shelf
from billsync.mapping.layers import Variant
from billsync.mapping.stack import Sheet
from billsync.model.problem import Place, Problem
from billsync.settings import BadSettings, Pipeline, Settings
from billsync.strict.yaml import BadYaml, did_you_mean, load


@dataclass(frozen=True, slots=True)
class File:
    """A mapping file that a command is about.

    Attributes:
        name: as messages say it; root: the folder that it is relative to.
        pipelines: pipelines of the configuration that use it; none where files were named.
    """

    name: str
    root: Path
    pipelines: tuple[str, ...] = ()

    def find(self) -> Path:
        """Where it is.  Raises `BadSettings`."""
        return shelf.find_mapping(self.name, self.root)

    def sheet(self) -> Sheet:
        """Its text, and what reads the files that it names.  Raises `BadSettings`."""
        return shelf.sheet_of(self.name, self.root)


def chosen(named: Sequence[str], config: Path) -> list[File]:
    """The files that were named, each once, or else those of the configuration.  Raises `BadSettings`."""
    if named:
        names = [name for argument in named for name in _expanded(argument)]
        return [File(name, Path()) for name in dict.fromkeys(names)]
    loaded = settings.load(config)
    users: dict[str, list[str]] = {}
    for pipeline, shape in loaded.pipelines.items():
        for name in names_of(shape):
            users.setdefault(name, []).append(pipeline)
    return [File(name, loaded.root, tuple(pipelines)) for name, pipelines in users.items()]


def names_of(pipeline: Pipeline) -> tuple[str, ...]:
    """The mapping files of a pipeline, each once."""
    return tuple(dict.fromkeys((*pipeline.mappings.inbound, *pipeline.mappings.outbound, *pipeline.mappings.payments)))


def _expanded(argument: str) -> Iterator[str]:
    """The files that an argument means; one that is none of all this is left to be told as missing."""
    path = Path(argument)
    if path.is_dir():
        found = sorted(str(file) for file in path.rglob("*") if file.suffix in shelf.ENDINGS and file.is_file())
        if not found:
            raise _nothing(argument, "there is no mapping file in the folder", "mapping files end in .yaml")
        yield from found
    elif any(char in argument for char in "*?[") and not path.exists():
        found = sorted(str(file) for file in _fitting(path) if file.is_file())
        if not found:
            raise _nothing(argument, "there is no mapping file that fits", "write ** for any folder")
        yield from found
    else:
        yield argument


def _fitting(pattern: Path) -> Iterator[Path]:
    if pattern.is_absolute():
        return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
    return Path().glob(str(pattern))


def _nothing(argument: str, message: str, hint: str) -> BadSettings:
    return BadSettings([Problem(code="READ-FILE-01", message=message, hint=hint, place=Place(file=argument))])


def variant_of(loaded: Settings, pipeline: Pipeline) -> Variant:
    """For which environment and entity a pipeline reads its mappings."""
    return Variant(loaded.environment, pipeline.entity)


def named(loaded: Settings, name: str) -> tuple[str, str]:
    """Pipeline ("" where none uses it) and file of the mapping that a name or a file means.  Raises `BadSettings`."""
    known: dict[str, tuple[str, str]] = {}
    for pipeline, shape in loaded.pipelines.items():
        for file in names_of(shape):
            if file == name:
                return pipeline, file
            known.setdefault(_name_of(loaded, file), (pipeline, file))
    if name in known:
        return known[name]
    try:
        shelf.find_mapping(name, loaded.root)
    except BadSettings:
        message, hint = f"no mapping is called {name!r}", did_you_mean(name, known)
        raise BadSettings([Problem(code="CONF-NAME-01", message=message, hint=hint)]) from None
    return "", name


def _name_of(loaded: Settings, file: str) -> str:
    """The name that a mapping file gives itself, also where it has errors otherwise; "" where there is none."""
    try:
        node = load(shelf.sheet_of(file, loaded.root).text, file).get("mapping")
    except (BadSettings, BadYaml):
        return ""
    return node.value if node is not None and isinstance(node.value, str) else ""
