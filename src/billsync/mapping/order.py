"""The order in which mappings are applied: what is referred to comes first.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from billsync.mapping.apply import Mapping
from billsync.mapping.problems import BadMapping
from billsync.model.problem import Problem


def dependency_order(mappings: Sequence[Mapping]) -> list[Mapping]:
    """The mappings, each after those whose records it refers to; otherwise in the order given.

    A reference to a record of the same mapping (a parent account) is no obstacle, and one to an object that none of
    the mappings reads is left to `resolve`.  Raises `BadMapping` where two need each other.
    """
    graph = {index: _needs(index, mappings) for index in range(len(mappings))}
    try:
        return [mappings[index] for index in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = [mappings[index] for index in reversed(error.args[1])]
        message = f"the mappings refer to each other in a circle: {' -> '.join(mapping.name for mapping in circle)}"
        raise BadMapping([Problem(code="MAP-CYCLE-01", message=message, place=circle[0].place)]) from None


def _needs(index: int, mappings: Sequence[Mapping]) -> list[int]:
    """Mappings of the same direction, and outbound to the same system, that make what this one refers to."""
    own = mappings[index]
    return [
        other
        for other, mapping in enumerate(mappings)
        if other != index
        and mapping.source in own.refs
        and mapping.source != own.source
        and (mapping.direction, mapping.target_system) == (own.direction, own.target_system)
    ]
