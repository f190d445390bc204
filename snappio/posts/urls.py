"""Addresses of posts, under `/api/v1/`."""

from django.urls import path

from snappio.posts.views.comments import CommentLikeView, CommentsView, CommentView
from snappio.posts.views.posts import HistoryView, PostsView, PostView
from snappio.posts.views.reactions import BookmarksView, BookmarkView, LikesView, LikeView

urlpatterns = [
    path("posts/", PostsView.as_view(), name="posts"),
    path("posts/<str:post_id>/", PostView.as_view(), name="post"),
    path("posts/<str:post_id>/history/", HistoryView.as_view()),
    path("posts/<str:post_id>/like/", LikeView.as_view()),
    path("posts/<str:post_id>/likes/", LikesView.as_view()),
    path("posts/<str:post_id>/bookmark/", BookmarkView.as_view()),
    path("posts/<str:post_id>/comments/", CommentsView.as_view()),
    path("comments/<str:comment_id>/", CommentView.as_view()),
    path("comments/<str:comment_id>/like/", CommentLikeView.as_view()),
    path("bookmarks/", BookmarksView.as_view()),
]
