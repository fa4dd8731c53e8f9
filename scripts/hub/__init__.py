"""Fetching of published checkpoints: what is wanted, from where, and what was got."""
