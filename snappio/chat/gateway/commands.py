"""What members may ask of chat on `/ws/`, and what chat tells them."""

from snappio.chat.gateway import changing, frames, reading, sending, subscriptions
from snappio.core.limits import current_limits
from snappio.realtime.gateway.registry import (
    register_entrance,
    register_event,
    register_queued,
    register_request,
)


def register() -> None:
    """Teach the socket what chat can do."""
    register_entrance(subscriptions.enter)
    register_queued(frames.Send, frames.Sent, sending.send)
    register_request(frames.Edit, frames.Done, changing.edit)
    register_request(frames.Delete, frames.Done, changing.delete)
    register_request(frames.React, frames.Done, changing.react)
    register_request(frames.Unreact, frames.Done, changing.unreact)
    register_request(frames.Pin, frames.Done, changing.pin)
    register_request(frames.Unpin, frames.Done, changing.unpin)
    register_request(
        frames.History, frames.Page, reading.history, at_once=current_limits().histories_at_once
    )
    register_request(frames.Read, frames.ReadResult, changing.read)
    register_request(frames.Delivered, frames.DeliveredResult, changing.delivered)
    register_request(frames.Presence, frames.PresenceResult, reading.presence)
    register_request(frames.Typing, None, sending.typing)
    register_request(frames.Open, frames.Opened, changing.open_chat)
    register_request(frames.Subscribe, None, reading.subscribe)
    register_request(frames.Unsubscribe, None, reading.unsubscribe)
    register_event(
        frames.Subscribed,
        frames.MessageChanged,
        frames.ConversationChanged,
        frames.Passed,
        frames.Gap,
        frames.Membership,
        frames.Removed,
        frames.ReadBy,
        frames.DeliveredTo,
        frames.TypingBy,
        frames.PresenceChanged,
    )
