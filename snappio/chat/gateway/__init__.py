"""Chat on the socket that carries all conversations (`realtime.gateway`)."""
