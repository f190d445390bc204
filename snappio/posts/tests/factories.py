"""Posts for tests."""

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.media.tests.factories import make_upload
from snappio.posts.models import Comment, Post
from snappio.posts.services.comments import comment_on_post
from snappio.posts.services.publishing import PLAIN, ChosenImage, Options, create_post
from snappio.relationships.models import CloseFriend, Follow


def make_post(author: User, content: str = "At the sea", options: Options = PLAIN) -> Post:
    media = make_upload(author, (64, 32))
    images = [ChosenImage(media_id=media.pk)]
    return create_post(author=author, content=content, images=images, options=options)


def make_comment(
    post: Post, author: User, content: str = "Nice", parent: Comment | None = None
) -> Comment:
    parent_id = parent and parent.pk
    return comment_on_post(post_id=post.pk, author=author, content=content, parent_id=parent_id)


def make_follower(follower: User, followed: User) -> None:
    Follow.objects.create(follower=follower, followed=followed, accepted_at=now())


def make_close_friend(owner: User, friend: User) -> None:
    CloseFriend.objects.create(owner=owner, friend=friend)
