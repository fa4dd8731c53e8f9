from __future__ import annotations

import numpy as np

from scripts.hearing.voices import nearest_voice, voice_distance
from tests.unit.hearing.sounds import pulses

REFERENCES = {
    "low": pulses(95),
    "high": pulses(210),
    "dark": pulses(210, brightness=2.0),
}


def test_a_voice_is_known_by_its_pitch_and_by_its_timbre() -> None:
    assert nearest_voice(pulses(100, 0.7), REFERENCES) == "low"
    assert nearest_voice(pulses(200, 0.7), REFERENCES) == "high"
    assert nearest_voice(pulses(200, 0.7, brightness=1.9), REFERENCES) == "dark"


def test_what_has_no_pitch_is_judged_by_its_timbre() -> None:
    noise = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)

    assert np.isfinite(voice_distance(noise, pulses(95)))
