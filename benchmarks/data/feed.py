"""Members with many follows, among few posts and among many; made by SQL.

Ids of posts grow with time. Authors post unevenly, as people do: of the active, the
first a hundred times as much as the last. The silent posted once, at the very beginning.
"""

from django.db import connection

from benchmarks.data import members
from snappio.accounts.models import User

AUTHORS = 5_000

_POSTS = """
INSERT INTO posts_post (author_id, content, entities, is_sensitive, warning, visibility,
  commenting, likes_count, comments_count, idempotency_key, request_hash, created_at)
SELECT (%(authors)s::bigint[])[number], 'Nothing of importance happened today.', '', false,
  '', 'public', 'everybody', 0, 0, '', '', now()
FROM (SELECT 1 + (power(random(), %(skew)s) * (%(count)s - 1))::int AS number
      FROM generate_series(1, %(posts)s)) AS chosen
"""
_ONE_EACH = """
INSERT INTO posts_post (author_id, content, entities, is_sensitive, warning, visibility,
  commenting, likes_count, comments_count, idempotency_key, request_hash, created_at)
SELECT author, 'I have just joined.', '', false, '', 'public', 'everybody', 0, 0, '', '',
  now() - interval '5 years'
FROM unnest(%(authors)s) AS author
"""
# An image each, all of the same renditions under keys of their own.
_MEDIA = """
WITH made AS (
  INSERT INTO media_media (owner_id, key, state, created_at, kind, name, content_type, bytes,
    alt, width, height, blurhash, renditions)
  SELECT author_id, lpad(id::text, 22, 'k'), 'attached', now(), 'image', '', 'image/jpeg', 1,
    '', 2048, 1536, 'LEHV6nWB2yk8pyo0adR*.7kCMdnj',
    json_build_array(json_build_object('name', 'large', 'width', 2048, 'height', 1536,
      'file', 'kk/' || lpad(id::text, 22, 'k') || '-large.jpg'))::jsonb
  FROM posts_post
  WHERE NOT EXISTS (SELECT 1 FROM posts_postimage WHERE post_id = posts_post.id)
  RETURNING id, key
)
INSERT INTO posts_postimage (post_id, media_id, position, alt)
SELECT ltrim(key, 'k')::bigint, id, 0, '' FROM made
"""
_FOLLOWS = """
INSERT INTO relationships_follow (follower_id, followed_id, created_at, accepted_at)
SELECT %(follower)s, author, now(), now() FROM unnest(%(authors)s) AS author
"""


def make(posts: str) -> list[dict[str, str]]:
    """Make so many posts; return who follows 5,000 active and who follows 5,000 silent authors."""
    active, silent = ([user.pk for user in members.new_users(AUTHORS)] for _ in range(2))
    readers = members.make("2")
    ids = dict(User.objects.values_list("username", "pk").filter(username__in=[
        reader["username"] for reader in readers
    ]))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ONE_EACH, {"authors": silent})
        skewed = {"authors": active, "count": AUTHORS, "skew": 3, "posts": int(posts) - AUTHORS}
        cursor.execute(_POSTS, skewed)
        cursor.execute(_MEDIA)
        for reader, authors in zip(readers, (active, silent), strict=True):
            follower = ids[reader["username"]]
            cursor.execute(_FOLLOWS, {"follower": follower, "authors": authors})
        cursor.execute("VACUUM ANALYZE")
    return readers
