"""The server side of `WS /ws/`, the one socket that carries everything (docs/realtime.md).

Knows frames, requests and their answers; what can be requested, apps register
(`registry`).
"""
