"""Benchmarks: each measures one thing, tells on what, and can be recorded."""
