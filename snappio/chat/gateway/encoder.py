"""What live updates of a conversation look like on `/ws/`."""

from dataclasses import dataclass

import orjson
from msgspec import Raw

from snappio.chat.gateway import frames
from snappio.chat.serializers.messages import message_json
from snappio.chat.updates import ConversationState, Marker, MessageState, Typing, read_update
from snappio.realtime.gateway.frames import Outgoing, encode
from snappio.realtime.updates import Update


@dataclass(frozen=True, slots=True)
class ConversationEncoder:
    """Writes updates for those who see a conversation from the same message on.

    Equal ones share what is written (`realtime.hub.Encoder`).
    """

    conversation: str
    first_seq: int
    # Who does not tell is not told (`updates.Switches`).
    hears_markers: bool = True
    hears_typing: bool = True

    def update(self, update: Update, _is_new: bool) -> bytes | None:  # noqa: FBT001 -- as hubs call it
        """Return the frame of an update."""
        if 0 < update.item < self.first_seq:
            passed = frames.Passed(conversation=self.conversation, revision=update.revision)
            return encode(passed)
        frame = self._frame(update)
        return None if frame is None else encode(frame)

    def gap(self, _topic: str, after: int, reached: int) -> bytes:
        """Return the frame that says that changes follow as present states."""
        return encode(frames.Gap(conversation=self.conversation, after=after, revision=reached))

    def _frame(self, update: Update) -> Outgoing | None:
        told = read_update(update)
        match told:
            case MessageState():
                text = message_text(told)
                return frames.MessageChanged(conversation=self.conversation, message=text)
            case ConversationState():
                return frames.ConversationChanged(
                    conversation=self.conversation,
                    revision=update.revision,
                    change=told.change,
                    state=frames.State.of(told),
                )
            case Marker() if self.hears_markers:
                kind = frames.ReadBy if told.is_read else frames.DeliveredTo
                return kind(conversation=self.conversation, username=told.username, seq=told.seq)
            case Typing() if self.hears_typing:
                return frames.TypingBy(
                    conversation=self.conversation, username=told.username, on=told.on
                )
        return None


def message_text(state: MessageState) -> Raw:
    """Return a message as HTTP writes it."""
    return Raw(orjson.dumps(message_json(state)))
