"""What a pod's environment may say."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from f5serve import log
from f5serve.errors import ConfigurationError
from scripts.edge import rate_of
from scripts.launch import child_environment
from scripts.lock import Entry, write_entry
from scripts.placement import backends_of, expected_models, server_options
from scripts.pod import ROOT, PodSettings, read_pod
from scripts.probe import backend_addresses
from scripts.supervise import sole
from scripts.verify import problems_of


def test_without_variables_the_pod_hosts_everything_behind_port_8000() -> None:
    settings = read_pod({"PATH": "/bin", "F5SERVE_ROLE": ""})

    assert settings == PodSettings()
    assert (settings.role, settings.edge_port, settings.tls_port) == ("all", 8000, 8443)
    assert (settings.metrics_port, settings.control_port, settings.torchserve_port) == (
        8002,
        9000,
        8080,
    )
    assert (settings.drain_s, settings.allow_degraded, settings.keys_path) == (120.0, False, None)


def test_variables_are_read_by_their_kinds() -> None:
    settings = read_pod(
        {
            "F5SERVE_ROLE": "shard",
            "F5SERVE_RATE": "2.5",
            "F5SERVE_CONNECTIONS": "7",
            "F5SERVE_ALLOW_DEGRADED": "1",
            "F5SERVE_TRUSTED_PROXIES": "10.0.0.0/8, 192.168.0.1",
            "F5SERVE_INFERENCE_ADDRESS": "http://not.a.setting.of.the.pod",
        }
    )

    assert (settings.requests_per_s, settings.requests_in_flight) == (2.5, 7)
    assert settings.allow_degraded
    assert settings.proxies == ("10.0.0.0/8", "192.168.0.1")


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, False), ({"F5SERVE_LOG_TEXTS": "1"}, True), ({"F5SERVE_LOG_TEXTS": "false"}, False)],
)
def test_the_workers_of_a_pod_log_texts_only_where_that_is_asked_for(
    variables: dict[str, str], wanted: bool
) -> None:
    told = server_options(read_pod(variables), ("tts",)).environment

    assert log.texts_wanted(told) is wanted


def test_the_workers_of_a_pod_are_those_of_its_server() -> None:
    assert server_options(read_pod({"F5SERVE_WORKERS": "2"}), ("f5_fr",)).workers == 2
    assert server_options(read_pod({}), ("f5_fr",)).workers == 0
    with pytest.raises(ConfigurationError, match="F5SERVE_WORKERS"):
        read_pod({"F5SERVE_WORKERS": "-1"})


def test_precision_of_the_models_can_be_given_and_reaches_them(tmp_path: Path) -> None:
    options = server_options(read_pod({"F5SERVE_DTYPE": "auto"}), ("f5_fr",))

    assert child_environment(options, tmp_path)["F5SERVE_DTYPE"] == "auto"
    plain = server_options(read_pod({}), ("f5_fr",))
    assert "F5SERVE_DTYPE" not in child_environment(plain, tmp_path)
    with pytest.raises(ConfigurationError, match="F5SERVE_DTYPE"):
        read_pod({"F5SERVE_DTYPE": "half"})


def test_a_shard_has_no_limits_unless_they_are_given() -> None:
    shard, router = PodSettings(role="shard"), PodSettings(role="router")

    assert (shard.requests_per_s, shard.requests_in_flight) == (0, 0)
    assert router.requests_per_s > 0
    assert router.requests_in_flight > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLE", "gateway"),
        ("RATE", "-1"),
        ("RATE", "much"),
        ("RATE", "0.001"),
        ("RATE", "nan"),
        ("EDGE_PORT", "0"),
        ("DRAIN_S", "-1"),
        ("ADDRESS", "0.0.0.0; return 200"),
        ("METRICS_ADDRESS", "127.0.0.1:1; return 200"),
        ("ACCESS_LOG", "/dev/stdout; deny all"),
        ("RUN", 'run" {'),
        ("TRUSTED_PROXIES", "10.0.0.0/8; root /"),
        ("TLS_CERT", "/tls.crt"),
    ],
)
def test_a_wrong_value_is_told_by_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"F5SERVE_{name}"):
        read_pod({f"F5SERVE_{name}": value})


@pytest.mark.parametrize(
    ("rate", "told"), [(0, None), (10, "10r/s"), (0.5, "30r/m"), (2.5, "150r/m"), (1 / 60, "1r/m")]
)
def test_rates_are_whole_numbers_for_nginx(rate: float, told: str | None) -> None:
    assert rate_of(rate) == told


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", ()),
        ("f5_fr=http://a:8000,f5_es=http://b:8000/", ("http://a:8000", "http://b:8000")),
        ("f5_fr=http://a:8000\nf5_es=http://b:8000\n", ("http://a:8000", "http://b:8000")),
        ("f5_fr=http://a:8000, f5_es=http://a:8000", ("http://a:8000",)),
        (
            '{"f5_fr": "http://a:1", "f5_es": ["http://b:1", "http://c:1"]}',
            ("http://a:1", "http://b:1", "http://c:1"),
        ),
    ],
)
def test_backends_are_read_in_both_forms(text: str, addresses: tuple[str, ...]) -> None:
    assert backend_addresses(text) == addresses


@pytest.mark.parametrize(
    "text",
    [
        "", "f5_fr", "f5_fr=shard:8000", '{"f5_fr": 1}', "{", '{"f5_fr": ["http://a:x"]}',
        "f5_fr=http://a:8000 http://b:8000", "f5_fr=http://:8000",
    ],
)  # fmt: skip
def test_a_router_without_good_backends_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="F5SERVE_BACKENDS"):
        backends_of(PodSettings(role="router", backends=text))


def entry(content: bytes = b"", models: tuple[str, ...] = ()) -> Entry:
    return Entry(
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        inputs="",
        profile="demo",
        licence="MIT",
        models=models,
    )


def test_the_role_and_the_lock_tell_which_models_are_expected(tmp_path: Path) -> None:
    for name in ("f5_fr", "f5_es", "f5_old"):
        write_entry(tmp_path, name, entry())
    store = str(tmp_path)
    assert expected_models(PodSettings(store=store, role="shard")) == ("f5_es", "f5_fr", "f5_old")

    write_entry(tmp_path, "tts", entry(models=("f5_fr", "f5_es")))

    assert expected_models(PodSettings(store=store)) == ("f5_fr", "f5_es", "tts")
    assert expected_models(PodSettings(store=store, role="router")) == ("tts",)
    assert expected_models(PodSettings(store=store, role="shard")) == ("f5_fr", "f5_es")
    assert expected_models(PodSettings(store=store, models="f5_fr,tts")) == ("f5_fr", "tts")
    with pytest.raises(ConfigurationError, match="a shard has no tts"):
        expected_models(PodSettings(store=store, role="shard", models="f5_fr tts"))


def test_a_run_folder_is_one_pods_and_freed_of_what_a_killed_one_left(tmp_path: Path) -> None:
    left = tmp_path / "tmp" / "f5serve-old"
    left.mkdir(parents=True)

    with sole(tmp_path):
        assert not left.exists()
        with pytest.raises(ConfigurationError, match="F5SERVE_RUN"), sole(tmp_path):
            pass
    with sole(tmp_path):
        pass


def test_a_folder_of_added_voices_is_the_routers_and_made_absolute(tmp_path: Path) -> None:
    options = server_options(read_pod({"F5SERVE_VOICES": "kept"}), ("f5_fr",))

    assert child_environment(options, tmp_path)["F5SERVE_VOICES"] == str(ROOT / "kept")
    plain = server_options(read_pod({}), ("f5_fr",))
    assert "F5SERVE_VOICES" not in child_environment(plain, tmp_path)


def test_whoever_stops_a_pod_is_told_how_long_it_may_take_to_drain() -> None:
    settings = PodSettings(drain_delay_s=5.0, drain_s=120.0)

    assert server_options(settings, ("tts",)).drain_s == 125.0


def test_an_empty_store_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make package"):
        expected_models(PodSettings(store=str(tmp_path)))


def test_archives_that_are_not_what_the_lock_says_are_told_apart(tmp_path: Path) -> None:
    for name in ("good", "cut", "changed", "missing"):
        write_entry(tmp_path, name, entry(b"content"))
    (tmp_path / "good.mar").write_bytes(b"content")
    (tmp_path / "cut.mar").write_bytes(b"cont")
    (tmp_path / "changed.mar").write_bytes(b"CONTENT")
    (tmp_path / "foreign.mar").write_bytes(b"content")

    problems = problems_of(tmp_path, ["good", "cut", "changed", "missing", "foreign"])

    assert problems.keys() == {"cut", "changed", "missing", "foreign"}
    assert "truncated, 4 of 7 bytes" in problems["cut"]
    assert "not the archive that was verified" in problems["changed"]
    assert "missing" in problems["missing"]
    assert "not in the lock" in problems["foreign"]
