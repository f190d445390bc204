"""Addresses under `/api/v1/`."""

from django.urls import path

from snappio.feeds import views

urlpatterns = [
    path("feed/", views.FeedView.as_view()),
    path("feed/position/", views.PositionView.as_view()),
    path("explore/", views.ExploreView.as_view()),
    path("tags/", views.TagsView.as_view()),
    path("tags/<str:tag>/posts/", views.TagPostsView.as_view()),
    path("tags/<str:tag>/follow/", views.TagFollowView.as_view()),
    path("users/<str:username>/posts/", views.MemberPostsView.as_view()),
]
