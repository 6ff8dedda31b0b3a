"""Many hands in one process: what they bring back is noted, and more is claimed, turn by turn.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from billsync.push import echo, turn
from billsync.push.acting import Done
from billsync.push.claiming import NONE, ONE, Room, Taken
from billsync.push.hands import Hands, More
from billsync.push.session import Push

LOOK_S = 1.0
"""Seconds between two looks at what else there is to do, while hands are at work."""


class Crew:
    """The hands of one push, and the thread that serves them.

    Attributes:
        dry: True where nothing was due when it was last looked for: something has to happen first.
    """

    def __init__(self, push: Push, hands: Hands) -> None:
        self._push, self._hands = push, hands
        self._done: list[Done] = []
        self.dry = False

    @property
    def idle(self) -> bool:
        """Whether no hand has anything to do, and nothing is left to be noted."""
        return self._hands.out == 0 and not self._done

    def work(self, waiting: turn.Waiting, timeout: float) -> bool:
        """One turn: note, claim, give out; then wait for what comes back, for `timeout` seconds at most.

        Gives whether anything was done.  Raises what ended a hand.
        """
        push, done = self._push, self._done
        taken = self._turn(done, waiting)
        self._done = []
        for object, echoes in self._hands.told():
            echo.keep(push, object, echoes)
        if len(taken.jobs) == 1 and not self._hands.started and not push.paced:
            turn.carry(push, taken.jobs[0])  # for one write no second connection is opened
        else:
            for job in taken.jobs:
                self._hands.give(job)
        self._done = self._hands.take(timeout)
        if self.idle and self._hands.broken is not None:
            raise self._hands.broken
        return bool(done or taken.seen)

    def _turn(self, done: list[Done], waiting: turn.Waiting) -> Taken:
        push, room = self._push, self._room()
        if done and push.paced:  # what came back is noted before the next call is waited for
            turn.turn(push, done, waiting, NONE)
            done = []
        if done:
            taken = turn.turn(push, done, waiting, room)
        else:
            taken = turn.take(push, waiting, room) if room.free or room.ahead else Taken()
        self.dry = self.dry or (bool(room.free or room.ahead) and taken.seen == 0)
        return taken

    def _room(self) -> Room:
        push, room = self._push, self._hands.room()
        if self.dry or push.stopped or push.held() or self._hands.broken is not None:
            return NONE
        return (ONE if room.free else NONE) if push.paced else room

    def end(self) -> None:
        """Have what is under way come back, and note it; what is claimed and waits for a hand does not go out."""
        self._push.lost = True
        while not self.idle:
            if self._done:
                turn.turn(self._push, self._done, {}, NONE)
            self._done = self._hands.take(LOOK_S)


@contextmanager
def crew(push: Push, count: int, more: More) -> Iterator[Crew]:
    """A crew for the length of the block.  Where the block raises, what is under way is waited for and noted."""
    hands = Hands(push, count, more)
    made = Crew(push, hands)
    try:
        try:
            yield made
        finally:
            made.end()
    finally:
        hands.close()
