"""The addresses of chat."""

from django.urls import path

from snappio.chat import views

urlpatterns = [
    path("conversations/", views.ConversationList.as_view()),
    path("conversations/<str:conversation_id>/messages/", views.MessageList.as_view()),
    path("conversations/<str:conversation_id>/messages/<str:seq>/", views.MessageView.as_view()),
    path(
        "conversations/<str:conversation_id>/messages/<str:seq>/reactions/<str:emoji>/",
        views.ReactionView.as_view(),
    ),
    path("conversations/<str:conversation_id>/read/", views.ReadMarker.as_view()),
]
