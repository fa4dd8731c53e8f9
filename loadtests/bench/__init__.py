"""Measurements against other ways to serve the same model."""
