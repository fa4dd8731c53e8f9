"""Listening with numbers: whether the demo's speech can be understood, and how that is told."""
