"""The Makefile takes its values from the command line or from itself, never from a shell's variables."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from scripts.setup import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

# Ubuntu sets LANGUAGE for everyone, and hosters set PORT.
SHELL = {
    "LANGUAGE": "en_US:en",
    "LANGUAGES": "from-shell",
    "TEXT": "from-shell",
    "VOICE": "from-shell",
    "SEED": "from-shell",
    "STEPS": "from-shell",
    "SPEED": "from-shell",
    "PARALLEL": "from-shell",
    "SEGMENTS": "from-shell",
    "STREAM": "from-shell",
    "PLAY": "from-shell",
    "OUT": "from-shell",
    "FILE": "from-shell",
    "SENTENCES": "from-shell",
    "ACCEPT_LICENCE": "1",
    "UPDATE": "1",
    "DRY_RUN": "1",
    "PROFILE": "from-shell",
    "URL": "from-shell",
    "GENERATORS": "from-shell",
    "RECORD": "1",
    "REQUESTS": "from-shell",
    "PORT": "5000",
    "EDGE": "from-shell",
    "EDGE_PORT": "5001",
    "WORKERS": "from-shell",
    "DTYPE": "from-shell",
    "NAME": "from-shell",
    "PYTEST_ARGS": "from-shell",
    "TRIM": "from-shell",
    "LOUDNESS": "from-shell",
    "AUDIO": "from-shell",
    "LICENCE": "from-shell",
    "SOURCE": "from-shell",
    "CONSENT": "from-shell",
    "REPLACE": "from-shell",
    "PLACEMENT": "from-shell",
    "TARGET": "from-shell",
}


def planned(*arguments: str) -> str:
    """Answer the commands that make would run, called from a shell that sets everything."""
    done = subprocess.run(  # noqa: S603  # our own Makefile
        ["make", "-n", "--no-print-directory", *arguments],  # noqa: S607  # the one of the PATH
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **SHELL},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "task",
    [
        "say",
        "voice",
        "guard-bench",
        "bench-engine",
        "bench-gpu",
        "serve",
        "stop",
        "fetch",
        "package",
        "demo",
        "memory",
        "loadtest",
        "bounds",
        "language-bench",
        "quality",
        "test",
        "key",
        "edge-test",
        "image",
    ],
)
def test_a_variable_of_the_shell_changes_nothing(task: str) -> None:
    commands = planned(task)

    assert not [value for value in SHELL.values() if value != "1" and value in commands]


def test_without_values_the_defaults_are_taken() -> None:
    commands = planned("say", "serve")

    assert "--url http://127.0.0.1:8080" in commands
    assert "--language" not in commands
    assert "--profile" not in commands
    assert "--stream" not in commands
    assert "--play" not in commands


def test_the_command_line_decides() -> None:
    commands = planned("say", "LANGUAGE=fr", "PORT=9080", "OUT=a b.wav", "VOICE=anna", "SPEED=1.5")

    assert 'http://127.0.0.1:9080 --out "a b.wav"' in commands
    assert '--language "fr" --voice "anna"' in commands
    assert '--speed "1.5"' in commands


def test_workers_of_the_command_line_reach_the_server_with_an_edge_or_without() -> None:
    assert planned("serve", "WORKERS=2").rstrip().endswith('--workers "2"')
    assert 'F5SERVE_WORKERS="2"' in planned("serve", "EDGE=1", "WORKERS=2")
    assert "F5SERVE_WORKERS" not in planned("serve", "EDGE=1")


def test_the_precision_of_the_command_line_reaches_the_server_with_an_edge_or_without() -> None:
    assert planned("serve", "DTYPE=auto").rstrip().endswith('--dtype "auto"')
    assert 'F5SERVE_DTYPE="auto"' in planned("serve", "EDGE=1", "DTYPE=auto")
    assert "F5SERVE_DTYPE" not in planned("serve", "EDGE=1")


def test_the_folder_of_added_voices_reaches_the_server_with_an_edge_or_without() -> None:
    assert planned("serve", "VOICES=kept").rstrip().endswith('--voices "kept"')
    assert 'F5SERVE_VOICES="my kept"' in planned("serve", "EDGE=1", "VOICES=my kept")
    assert "F5SERVE_VOICES" not in planned("serve", "EDGE=1")


def test_a_text_can_be_taken_and_heard_while_it_is_spoken() -> None:
    commands = planned("say", "STREAM=1", "PLAY=1")

    assert "--stream" in commands
    assert "--play" in commands
    assert "--stream" not in planned("say", "STREAM=0")


@pytest.mark.parametrize(
    ("task", "switch", "argument"),
    [
        (["fetch"], "DRY_RUN", "--dry-run"),
        (["fetch"], "ACCEPT_LICENCE", "--accept-licence"),
        (["fetch"], "UPDATE", "--update"),
        (["say"], "TRIM", "--trim"),
        (["say"], "SEGMENTS", "--segments"),
        (["say"], "STREAM", "--stream"),
        (["say"], "PLAY", "--play"),
        (["serve"], "EDGE", "scripts.supervise"),
        (["voice", "NAME=anna"], "REPLACE", "--replace"),
        (["bench-engine"], "QUICK", "--quick"),
        (["bench-engine"], "RECORD", "--record"),
        (["loadtest"], "SLO", "--slo"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_switch_is_on_or_off_by_any_word_for_it_and_nothing_else(
    task: list[str], switch: str, argument: str
) -> None:
    on = [argument in planned(*task, f"{switch}={word}") for word in ("1", "yes", "true", "on")]
    off = [
        argument in planned(*task, f"{switch}={word}") for word in ("0", "no", "false", "off", "")
    ]

    assert all(on)
    assert not any(off)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        planned(*task, f"{switch}=ture")
    assert f"{switch}=ture: on is one of 1 yes true on" in refused.value.stderr


def arguments_of_fetch(*given: str) -> list[str]:
    """Answer what the command of ``make fetch`` gets."""
    words = planned("fetch", *given).replace("\\\n", " ").split()
    return words[words.index("scripts.fetch") + 1 :]


def test_fetching_takes_languages_and_consent_from_the_command_line_only() -> None:
    wishes = ("LANGUAGES=fr es", "UPDATE=1", "ACCEPT_LICENCE=1", "DRY_RUN=1")

    assert arguments_of_fetch() == arguments_of_fetch("ACCEPT_LICENCE=0", "UPDATE=no") == []
    assert arguments_of_fetch(*wishes) == [
        *("--languages", "fr", "es"),
        *("--update", "--accept-licence", "--dry-run"),
    ]


def test_a_file_is_spoken_instead_of_the_text() -> None:
    commands = planned("say", "FILE=my lines.txt", "PARALLEL=4")

    assert '--parallel "4"' in commands
    assert '--file "my lines.txt"' in commands
    assert "SAY_TEXT" not in commands


def test_other_sentences_are_measured_and_leave_the_recorded_tables_alone() -> None:
    recorded, other = planned("quality"), planned("quality", "SENTENCES=a b.jsonl")

    assert recorded.splitlines()[-1].endswith("scripts.readme")
    assert other.splitlines()[-1].endswith('scripts.quality --sentences "a b.jsonl"')


def test_a_profile_of_the_command_line_reaches_packaging_before_serving() -> None:
    commands = planned("serve", "PROFILE=full", "LANGUAGES=fr fi", "PORT=9080")

    packaging, serving = commands.splitlines()[-2:]
    assert packaging.endswith('scripts.package --profile "full" --languages fr fi')
    assert serving.endswith('scripts.serve --port "9080"')


def test_a_text_with_dollar_signs_and_quotes_is_no_error_of_make() -> None:
    assert '-- "$SAY_TEXT"' in planned("say", 'TEXT=-it\'s $(5 "or" $6')


def test_a_voice_is_registered_with_what_is_given_and_no_text_of_says_own() -> None:
    given, without = (
        told("voice", "NAME=anna", "AUDIO=a b.wav", *text, "REPLACE=1", "CONSENT=Anna's $own")
        for text in (["TEXT=It's $5"], [])
    )

    assert '--audio "a b.wav" --text "$SAY_TEXT"' in planned("voice", "NAME=a", "AUDIO=a b.wav")
    assert planned("voice").rstrip().endswith("scripts.voice")
    assert given == ["It's $5", "", "Anna's $own"]
    assert without == ["", "", "Anna's $own"]


def told(*arguments: str) -> list[str]:
    """Answer the texts that a command of make's finds in its environment."""
    names = ("SAY_TEXT", "VOICE_SOURCE", "VOICE_CONSENT")
    done = subprocess.run(  # noqa: S603  # our own Makefile
        ["make", "--no-print-directory", *arguments, "PYTHON=true", "RUN=printenv -0 #"],  # noqa: S607
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **SHELL},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line)
    return [found[name] for name in names]


def test_the_full_profile_brings_the_packages_it_is_compared_with() -> None:
    assert planned("package", "PROFILE=full").splitlines()[0].endswith("scripts.setup --dev")
    assert planned("package").splitlines()[0].endswith("scripts.setup")


def test_the_full_test_takes_all_languages_unless_some_are_named() -> None:
    assert 'F5SERVE_FULL_TEST="all"' in planned("full-test")
    assert 'F5SERVE_FULL_TEST="fr es"' in planned("full-test", "LANGUAGES=fr es")
    assert "scripts.make_stand_ins --languages fr es" in planned("stand-ins", "LANGUAGES=fr es")
