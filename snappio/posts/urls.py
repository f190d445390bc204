"""Addresses of posts, under `/api/v1/`."""

from django.urls import path

from snappio.posts.views import PostsView, PostView

urlpatterns = [
    path("posts/", PostsView.as_view(), name="posts"),
    path("posts/<str:post_id>/", PostView.as_view(), name="post"),
]
