"""Counting who follows and is followed, in the transaction that changes it.

Rows are locked in id order, so that two who count never wait in a circle. What is
counted is decided by rows of `Follow`, which are locked before.
"""

from collections.abc import Iterator, Mapping, Sequence

from snappio.relationships.models import FollowCounts

# Ids in one statement; SQLite takes no more than 32,766 values.
BATCH = 1_000


def begin_counting(*member_ids: int) -> None:
    """Make the rows of members who have none."""
    rows = [FollowCounts(member_id=member_id) for member_id in sorted(member_ids)]
    FollowCounts.objects.bulk_create(rows, ignore_conflicts=True)


def count(by: int, *, followers_of: Mapping[int, int], following_of: Mapping[int, int]) -> None:
    """Count up (1) or down (-1) how many follow these members, and how many they follow.

    The mappings say how many, by member.
    """
    for batch in in_batches(sorted(followers_of.keys() | following_of.keys())):
        rows = FollowCounts.objects.filter(pk__in=batch).order_by("pk").select_for_update()
        for row in (counted := list(rows)):
            row.followers += by * followers_of.get(row.pk, 0)
            row.following += by * following_of.get(row.pk, 0)
        FollowCounts.objects.bulk_update(counted, ["followers", "following"])


def in_batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut ids into as many as one statement takes."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
