"""When to look at whom again: a claim that runs out is noticed at that moment."""

import heapq


class Agenda:
    """One next moment for each member, in seconds of the event loop's clock."""

    def __init__(self) -> None:
        self._moments: dict[int, float] = {}
        # May also hold moments that were put off or cancelled since.
        self._heap: list[tuple[float, int]] = []

    def put(self, user_id: int, moment: float | None) -> None:
        """Name a member's next moment in place of the last one; None for none."""
        if moment is None:
            self._moments.pop(user_id, None)
        else:
            self._moments[user_id] = moment
            heapq.heappush(self._heap, (moment, user_id))

    def first(self) -> float | None:
        """Return the earliest moment, or None if there is none."""
        while self._heap:
            moment, user_id = self._heap[0]
            if self._moments.get(user_id) == moment:
                return moment
            heapq.heappop(self._heap)
        return None

    def take(self, until: float) -> list[int]:
        """Remove and return those whose moment has come."""
        taken = []
        while (moment := self.first()) is not None and moment <= until:
            _, user_id = heapq.heappop(self._heap)
            del self._moments[user_id]
            taken.append(user_id)
        return taken
