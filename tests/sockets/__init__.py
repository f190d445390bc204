"""The two sockets, black box: what clients rely on and what attackers try."""
