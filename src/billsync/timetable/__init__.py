"""When pipelines run: schedules, their slots, and what becomes of each slot.  (pure)

`schedule` says what may stand under `schedule:`, `slots` counts its slots (by `crontab` and `days`), `pauses` moves
them out of quiet hours and blackouts, `settling` says which of those that are ripe rings.
"""

from billsync.timetable.pauses import Fate, ever_rings, fate
from billsync.timetable.schedule import Blackout, Calendar, Misfire, Quiet, Schedule
from billsync.timetable.settling import Ripe, Verdict, Why, settle
from billsync.timetable.slots import Slot, next_slot, slots

__all__ = [
    "Blackout",
    "Calendar",
    "Fate",
    "Misfire",
    "Quiet",
    "Ripe",
    "Schedule",
    "Slot",
    "Verdict",
    "Why",
    "ever_rings",
    "fate",
    "next_slot",
    "settle",
    "slots",
]
