"""How often one socket may do something, in one number."""

import time

from snappio.core.limits import Rate


class Pace:
    """One socket's allowance by the generic cell rate algorithm (see `core.rates`)."""

    __slots__ = ("_arrival",)

    def __init__(self) -> None:
        self._arrival = 0.0

    def wait(self, rate: Rate) -> float:
        """Spend one and return 0, or spend nothing and return the seconds until it fits."""
        now = time.monotonic()
        interval = rate.seconds / rate.count
        arrival = max(self._arrival, now) + interval
        excess = arrival - now - interval * rate.at_once
        # Float dust must not refuse the last of a burst.
        if excess > interval / 1000:
            return excess
        self._arrival = arrival
        return 0.0
