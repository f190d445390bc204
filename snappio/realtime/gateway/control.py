"""What processes tell each other about sockets: a device that came back, a restored database."""

from snappio.core.serving import register_farewell
from snappio.realtime.gateway import codes, devices, epochs, open_sessions
from snappio.realtime.gateway.drain import drain
from snappio.realtime.runtime import register_listener


def register() -> None:
    """Listen to the control channels, and to the end of the process."""
    register_farewell(drain)
    register_listener(devices.CHANNEL, devices.hear)
    register_listener(epochs.CHANNEL, _begin_again)


def _begin_again(_payload: bytes) -> None:
    epochs.forget_epoch()
    for connection in open_sessions.connections():
        connection.close(codes.EPOCH_CHANGED)
