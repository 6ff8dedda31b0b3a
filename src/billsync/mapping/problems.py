"""How compiling a mapping collects what is wrong, with places.  (pure)"""

from __future__ import annotations

from billsync.model.problem import Place, Problem, Severity
from billsync.strict.yaml import BadYaml


class BadMapping(ValueError):
    """The mapping cannot be used; `problems` says where and why, all of them, errors before warnings."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Findings:
    """The problems of a mapping, in the order in which they are found."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def error(self, code: str, message: str, place: Place, hint: str = "") -> None:
        """Note what makes the mapping unusable."""
        self.problems.append(Problem(code=code, message=message, hint=hint, place=place))

    def warn(self, code: str, message: str, place: Place, hint: str = "") -> None:
        """Note what is probably not meant."""
        self.problems.append(Problem(code=code, message=message, hint=hint, place=place, severity=Severity.WARNING))

    def add(self, error: BadYaml) -> None:
        """Note what reading the YAML said."""
        self.problems.extend(error.problems)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def in_order(self) -> list[Problem]:
        """All of them by place, each once: file by file, as the files are come upon."""
        unique = list(dict.fromkeys(self.problems))
        files = {file: number for number, file in enumerate(dict.fromkeys(found.place.file for found in unique))}
        return sorted(
            unique, key=lambda found: (files[found.place.file], found.place.line or 0, found.place.column or 0)
        )
