"""Text that arrives piece by piece over a WebSocket, spoken sentence by sentence (``docs/api.md``)."""
