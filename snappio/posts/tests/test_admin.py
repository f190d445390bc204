"""What staff see of posts."""

import pytest

from snappio.accounts.models import User
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import make_comment, make_post

POSTS, COMMENTS = "/admin/posts/post/", "/admin/posts/comment/"


@pytest.fixture
def as_staff(browser, db):
    browser.force_login(User.objects.create_superuser("root2", "root@example.org", "x"))
    return browser


def test_staff_look_at_what_is_public_and_at_nothing_else(as_staff, alice):
    shown = make_post(alice, "<b>public</b>")
    hidden = make_post(alice, "for friends", Options(visibility="close_friends"))
    for post in (shown, hidden):
        make_comment(post, alice, f"on {post.visibility}")

    posts = as_staff.get(POSTS).content.decode()
    comments = as_staff.get(COMMENTS).content.decode()

    assert "&lt;b&gt;public&lt;/b&gt;" in posts
    assert "for friends" not in posts
    assert "on public" in comments
    assert "on close_friends" not in comments
    assert as_staff.get(f"{POSTS}{shown.pk}/change/").status_code == 200
    assert as_staff.get(f"{POSTS}{hidden.pk}/change/").status_code == 302


@pytest.mark.parametrize("path", [POSTS, COMMENTS])
def test_staff_neither_write_nor_delete_here(as_staff, alice, path):
    comment = make_comment(make_post(alice), alice)
    number = comment.post_id if path == POSTS else comment.pk

    codes = {
        as_staff.post(f"{path}{action}/", {"content": "x"}).status_code
        for action in ("add", f"{number}/change", f"{number}/delete")
    }

    assert codes == {403}
    assert (comment.post.__class__.objects.count(), comment.__class__.objects.count()) == (1, 1)
