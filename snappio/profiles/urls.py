"""Addresses under `/api/v1/`."""

from django.urls import path

from snappio.profiles.views import members, own, relationships

urlpatterns = [
    path("users/", members.MembersView.as_view()),
    # Reserved names, so no member is hidden behind them.
    path("users/profile/", own.OwnProfileView.as_view()),
    path("users/profile/avatar/", own.AvatarView.as_view()),
    path("users/profile/banner/", own.BannerView.as_view()),
    path("users/suggestions/", members.SuggestionsView.as_view()),
    path("users/<str:username>/", members.PublicProfileView.as_view()),
    path("users/<str:username>/followers/", members.FollowersView.as_view()),
    path("users/<str:username>/following/", members.FollowingView.as_view()),
    path("users/<str:username>/follow/", relationships.FollowView.as_view()),
    path("users/<str:username>/block/", relationships.BlockView.as_view()),
    path("users/<str:username>/mute/", relationships.MuteView.as_view()),
    path("follow-requests/", relationships.FollowRequestsView.as_view()),
    path("follow-requests/<str:username>/", relationships.FollowRequestView.as_view()),
    path("close-friends/", relationships.CloseFriendsView.as_view()),
    path("close-friends/<str:username>/", relationships.CloseFriendView.as_view()),
    path("blocks/", relationships.BlocksView.as_view()),
    path("mutes/", relationships.MutesView.as_view()),
    path("relationships/", relationships.RelationshipsView.as_view()),
]
