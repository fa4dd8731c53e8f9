"""Load profiles are checked when they are read, and the same seed asks for the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest
import yaml

from f5serve.errors import ConfigurationError
from f5serve.request import SpeechRequest, parse
from loadtests.profile import FOLDER, load_profile, names
from loadtests.workload import BAD, Material, Workload, expected_s, read_material
from scripts.slo import ROOT, SLO, read_slo

NINE = {"en", "zh", "fi", "fr", "hi", "it", "ja", "ru", "es"}


@pytest.fixture(scope="module")
def material() -> Material:
    return read_material()


def changed(tmp_path: Path, **changes: object) -> Path:
    """The smoke profile with other values, in a folder of its own."""
    told = yaml.safe_load((FOLDER / "smoke.yaml").read_text(encoding="utf-8"))
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({**told, **changes}), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", names())
def test_every_profile_is_read(name: str) -> None:
    assert load_profile(name).about


def test_the_profiles_that_are_promised_are_there() -> None:
    assert {"smoke", "steps", "spike", "soak", "poisson", "single_model"} <= set(names())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"limts": {}}, "limts"),
        ({"stages": []}, "stages"),
        ({"stages": [{"name": "x", "seconds": 5}]}, "users and rate_per_s"),
        ({"stages": [{"name": "x", "seconds": 5, "users": 1, "rate_per_s": 1.0}]}, "one of"),
        (
            {
                "stages": [
                    {"name": "x", "seconds": 50, "users": 1},
                    {"name": "y", "seconds": 5, "rate_per_s": 1.0},
                ]
            },
            "all have",
        ),
        ({"warm_up_s": 30}, "warm_up_s"),
        ({"model": "f5_fr"}, "neither streams"),
        ({"deadline_s": 0}, "deadline_s"),
    ],
)
def test_a_mistake_in_a_profile_is_told_with_its_file_and_place(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        load_profile("other", changed(tmp_path, **changes))

    assert "other.yaml" in caught.value.detail


def test_a_profile_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="smoke"):
        load_profile("smok")


def test_the_same_number_asks_for_the_same_and_another_seed_for_something_else(
    material: Material,
) -> None:
    smoke = load_profile("smoke")
    other = msgspec.structs.replace(smoke, seed=99)
    first, second = Workload(smoke, material), Workload(smoke, read_material())

    assert [first.wish(n) for n in range(50)] == [second.wish(n) for n in reversed(range(50))][::-1]
    assert [first.wish(n) for n in range(50)] != [
        Workload(other, material).wish(n) for n in range(50)
    ]


def test_requests_are_as_mixed_as_the_profile_says(material: Material) -> None:
    smoke = load_profile("smoke")
    wishes = [Workload(smoke, material).wish(n) for n in range(4_000)]
    kinds = Counter(wish.kind.split(":")[0] for wish in wishes)
    languages = Counter(wish.language for wish in wishes if wish.refusal is None)

    assert kinds["bad"] / 4_000 == pytest.approx(smoke.mix.bad_share, abs=0.02)
    assert kinds["openai"] / 4_000 == pytest.approx(0.2 * 0.95, abs=0.03)
    assert kinds["stream"] / 4_000 == pytest.approx(0.3 * 0.8 * 0.95, abs=0.03)
    assert set(languages) == NINE
    assert languages["en"] / languages["fi"] == pytest.approx(6, rel=0.4)
    assert all(wish.response_format != "flac" for wish in wishes if wish.stream)


def test_a_languages_own_voice_is_asked_for_most_and_others_too(material: Material) -> None:
    workload = Workload(load_profile("smoke"), material)
    french = [wish for n in range(4_000) if (wish := workload.wish(n)).language == "fr"]
    voices = Counter(msgspec.json.decode(wish.body)["voice"] for wish in french)

    assert voices.most_common(1)[0][0] == "plain_fr"
    assert len(voices) > 4


def test_good_requests_are_such_as_the_router_reads_and_no_longer_than_allowed(
    material: Material,
) -> None:
    profile = load_profile("steps")
    workload = Workload(profile, material)
    for wish in (workload.wish(n) for n in range(300)):
        if wish.refusal is None and wish.kind != "openai":
            request = parse(msgspec.json.decode(wish.body), SpeechRequest)
            assert request.text == wish.text
            longest = max(expected_s(text) for text in material.sentences[wish.language])
            assert expected_s(wish.text) <= max(profile.mix.longest_s, longest)


def test_every_bad_request_comes_up(material: Material) -> None:
    workload = Workload(load_profile("smoke"), material)
    kinds = {wish.kind for n in range(4_000) if (wish := workload.wish(n)).refusal is not None}

    assert kinds == {f"bad: {bad.kind}" for bad in BAD}


def test_arrivals_have_the_rate_that_is_asked_for(material: Material) -> None:
    workload = Workload(load_profile("poisson"), material)
    gaps = [workload.arrivals(2.0, n) for n in range(2_000)]

    assert sum(gaps) / 2_000 == pytest.approx(0.5, rel=0.1)


def test_callers_follow_the_stages_and_then_the_run_is_over() -> None:
    profile = load_profile("steps")

    assert [profile.users_at(at) for at in (0.0, 29.9, 30.0, 179.9, 180.0)] == [1, 1, 2, 32, None]
    assert [load_profile("poisson").users_at(at, generators=2) for at in (0.0, 119.0, 120.0)] == [
        2,
        2,
        None,
    ]


def test_a_profile_that_is_held_to_the_objectives_keeps_to_the_stricter_of_both() -> None:
    slo = read_slo(ROOT / SLO)
    spike, single = load_profile("spike"), load_profile("single_model")

    held = spike.held_to(slo).limits

    assert (held.p95_s, held.first_audio_p95_s) == (slo.request_p95_s, slo.first_audio_p95_s)
    assert held.max_shed_share == slo.shed_share < spike.limits.max_shed_share
    assert held.max_failed_share == pytest.approx(1 - slo.availability)
    assert held.max_unavailable_share == pytest.approx(1 - slo.availability)
    assert held.min_spoken == spike.limits.min_spoken
    strict = msgspec.structs.replace(
        spike, limits=msgspec.structs.replace(spike.limits, p95_s=1.0, max_shed_share=0.0)
    )
    assert strict.held_to(slo).limits.p95_s == 1.0
    assert strict.held_to(slo).limits.max_shed_share == 0.0
    assert single.held_to(slo).limits.first_audio_p95_s is None, "it has no streams"


def test_a_profile_for_another_time_keeps_its_warm_up_and_asks_for_fewer_answers() -> None:
    soak = load_profile("soak")

    shorter = soak.lasting(30)

    assert shorter.seconds == 1800
    assert shorter.warm_up_s == soak.warm_up_s
    after = (1800 - soak.warm_up_s) / (soak.seconds - soak.warm_up_s)
    assert shorter.limits.min_spoken == round(soak.limits.min_spoken * after) > 100
    assert shorter.limits.max_memory_growth == soak.limits.max_memory_growth
    with pytest.raises(ConfigurationError, match="cannot take 4 minutes: warm_up_s"):
        soak.lasting(4)
    for nonsense in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError, match="cannot take"):
            soak.lasting(nonsense)
