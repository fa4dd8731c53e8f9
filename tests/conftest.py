"""Settings of the whole suite."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Examples are judged by what they show, not by how long a loaded machine takes to make them.
settings.register_profile(
    "repository", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("repository")
