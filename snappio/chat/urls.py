"""The addresses of chat."""

from django.urls import path

from snappio.chat.views import (
    conversations,
    members,
    messages,
    moderation,
    pins,
    places,
    requests,
    rooms,
    scheduled,
    search,
    settings,
)

# What groups and rooms have in common.
_MEMBERS = [
    ("leave/", members.Leaving),
    ("members/", members.MemberList),
    ("members/<str:username>/", members.MemberView),
    ("members/<str:username>/silence/", moderation.Silence),
    ("bans/", moderation.BanList),
    ("bans/<str:username>/", moderation.BanView),
]

urlpatterns = [
    path("conversations/", conversations.ConversationList.as_view()),
    path("conversations/unread/", conversations.Unread.as_view()),
    path("conversations/<str:conversation_id>/", conversations.ConversationView.as_view()),
    path("conversations/<str:conversation_id>/messages/", messages.MessageList.as_view()),
    path("conversations/<str:conversation_id>/messages/<str:seq>/", messages.MessageView.as_view()),
    path(
        "conversations/<str:conversation_id>/messages/<str:seq>/reactions/<str:emoji>/",
        messages.ReactionView.as_view(),
    ),
    path(
        "conversations/<str:conversation_id>/messages/<str:seq>/pin/",
        pins.PinView.as_view(),
    ),
    path("conversations/<str:conversation_id>/pins/", pins.PinList.as_view()),
    path(
        "conversations/<str:conversation_id>/scheduled/", scheduled.ScheduledMessageList.as_view()
    ),
    path(
        "conversations/<str:conversation_id>/scheduled/<str:scheduled_id>/",
        scheduled.ScheduledMessageView.as_view(),
    ),
    path("conversations/<str:conversation_id>/read/", places.ReadMarker.as_view()),
    path("conversations/<str:conversation_id>/delivered/", places.DeliveredMarker.as_view()),
    path("conversations/<str:conversation_id>/mute/", places.Mute.as_view()),
    path("conversations/<str:conversation_id>/accept/", requests.Acceptance.as_view()),
    path("conversations/<str:conversation_id>/decline/", requests.Refusal.as_view()),
    path("search/", search.Search.as_view()),
    path("chat/settings/", settings.ChatSettingsView.as_view()),
    *[
        path(f"conversations/<str:conversation_id>/{rest}", view.as_view())
        for rest, view in _MEMBERS
    ],
    path("rooms/", rooms.RoomList.as_view()),
    path("rooms/join/", rooms.JoinByInvite.as_view()),
    path("rooms/<str:room_id>/", rooms.RoomView.as_view()),
    path("rooms/<str:room_id>/join/", rooms.Joining.as_view()),
    path("rooms/<str:room_id>/invites/", rooms.InviteList.as_view()),
    path("rooms/<str:room_id>/invites/<str:code>/", rooms.InviteView.as_view()),
    *[path(f"rooms/<str:room_id>/{rest}", view.as_view()) for rest, view in _MEMBERS],
]
