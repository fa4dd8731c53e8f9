"""Published forms to archives, at small sizes, compared with the real f5-tts package."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from f5serve.catalogue import Catalogue
from f5serve.errors import ConfigurationError
from scripts import upstream
from scripts.lock import Entry, read_lock
from scripts.package import Workplace, package
from scripts.upstream import Comparison, judge, remark, verify_upstream
from tests.packaging.full_support import edit_catalogue, place_stand_ins, shrink

FINNISH, FRENCH = ("f5_fi",), ("f5_fr",)
CLOSE = Comparison(
    language="fr",
    frames=128,
    steps=2,
    seed=5,
    mel_rel_l2=1e-6,
    wave_rel_l2=1e-6,
    rounding_mel_rel_l2=1e-4,
    pinned_loss=0.9,
    other_loss=1.2,
    trivial_loss=2.9,
)


@pytest.fixture
def place(repository: Path, tmp_path: Path) -> Workplace:
    return Workplace(root=repository, store=tmp_path / "store", build=tmp_path / "build")


@pytest.fixture
def catalogue(repository: Path) -> Catalogue:
    return edit_catalogue(repository, shrink)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[Comparison]:
    """Stands in for the comparison with upstream, which takes a while: the last figures are found."""
    found = [CLOSE]
    monkeypatch.setattr(upstream, "_compared", lambda *_: found[-1])
    return found


def entry_of(place: Workplace, name: str) -> Entry:
    return read_lock(place.store).archives[name]


@pytest.mark.parity
@pytest.mark.skipif(
    importlib.util.find_spec("f5_tts") is None, reason="f5-tts is not installed (make setup-dev)"
)
def test_a_training_dump_becomes_an_archive_that_equals_upstream(
    place: Workplace, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fr")

    assert package(place, catalogue, FRENCH, "full") == ("f5_fr", "tts")

    entry = entry_of(place, "f5_fr")
    found = entry.verification
    assert found is not None
    assert found.mel_rel_l2 < 1e-4
    assert found.wave_rel_l2 < 1e-4
    assert 1e-5 < found.rounding_mel_rel_l2 < 0.1
    assert found.versions.keys() == {"f5-tts", "vocos", "torch"}
    assert found.switches.verdict == "untold"  # weights of noise predict nothing
    assert (entry.architecture, entry.weights) == ("v0_base", "averaged")
    assert entry.files[0].path.endswith("_F5-French-MixedSpeakers-reduced/model_last_reduced.pt")
    assert "whether the checkpoint is v0 or v1 cannot be told" in capsys.readouterr().out
    assert package(place, catalogue, FRENCH, "full") == ()


@pytest.mark.usefixtures("compared")
def test_what_was_converted_and_compared_is_kept_for_the_next_build(
    place: Workplace, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fi")
    package(place, catalogue, FINNISH, "full")
    before = entry_of(place, "f5_fi")
    (kept,) = (place.build / "converted").iterdir()

    def refuse(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(upstream, "_compared", refuse)
    monkeypatch.setattr("scripts.convert.convert", refuse)
    assert package(place, catalogue, FINNISH, "full", force=True) == ("f5_fi", "tts")

    assert entry_of(place, "f5_fi") == before
    assert [*place.build.iterdir()] == [place.build / "converted"]
    assert [*kept.parent.iterdir()] == [kept]


def test_an_archive_that_does_not_equal_upstream_is_refused_and_the_former_one_stays(
    place: Workplace, catalogue: Catalogue, compared: list[Comparison]
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fi")
    package(place, catalogue, FINNISH, "full")
    before = (place.store / "f5_fi.mar").read_bytes()
    compared.append(with_figures(mel_rel_l2=2e-3))
    weights = next((place.root / "models").glob("*Finnish*/*.safetensors"))
    tensors = load_file(weights)
    tensors["ema_model.transformer.proj_out.bias"] += 1
    save_file(tensors, weights)

    with pytest.raises(ConfigurationError, match="away from upstream's"):
        package(place, catalogue, FINNISH, "full")

    assert (place.store / "f5_fi.mar").read_bytes() == before
    assert [*place.build.iterdir()] == [place.build / "converted"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mel_rel_l2": 2e-3}, r"f5_fi: the engine's mel is 2\.00e-03 away .* must not be served"),
        ({"mel_rel_l2": float("nan")}, r"the engine's mel is nan away"),
        ({"wave_rel_l2": 0.5}, r"the engine's waveform is 5\.00e-01 away"),
        (
            {"pinned_loss": 2.0, "other_loss": 1.0},
            r"loss of 2, .* with 1: it would speak noise\. Pin the other",
        ),
    ],
    ids=str,
)
def test_each_figure_out_of_bounds_is_told(
    compared: list[Comparison], change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    compared.append(with_figures(**change))

    with pytest.raises(ConfigurationError, match=told):
        verify_upstream("f5_fi", tmp_path, tmp_path / "model.safetensors", "key")


def test_a_comparison_that_cannot_be_made_tells_why(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"f5_fi: the comparison with upstream failed \(exit status 1"
    ) as told:
        verify_upstream("f5_fi", tmp_path, tmp_path / "model.safetensors", "key")

    assert "f5serve" in told.value.detail  # an empty folder has no engine to compare


def with_figures(**change: Any) -> Comparison:
    return msgspec.structs.replace(CLOSE, **change)


def test_without_the_packages_to_compare_with_nothing_is_begun(
    place: Workplace, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fi")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(ConfigurationError, match=r"f5-tts, vocos.* not installed: make setup-dev"):
        package(place, catalogue, FINNISH, "full")

    assert not place.build.exists()


def test_where_nothing_is_there_to_compare_with_a_store_may_be_filled_uncompared(
    place: Workplace,
    catalogue: Catalogue,
    compared: list[Comparison],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fi")
    uncompared = replace(place, compares=False)
    with monkeypatch.context() as without_packages:
        without_packages.setattr(importlib.util, "find_spec", lambda _: None)
        assert package(uncompared, catalogue, FINNISH, "full") == ("f5_fi", "tts")

    assert entry_of(place, "f5_fi").verification is None
    assert "not compared with upstream" in capsys.readouterr().out
    assert package(uncompared, catalogue, FINNISH, "full") == ()
    # Who can compare does so.
    assert package(place, catalogue, FINNISH, "full") == ("f5_fi",)
    found = entry_of(place, "f5_fi").verification
    assert found is not None
    assert found.mel_rel_l2 == compared[-1].mel_rel_l2
    assert package(uncompared, catalogue, FINNISH, "full") == ()


@pytest.mark.usefixtures("compared")
def test_letters_without_a_token_are_named_and_kept_in_the_lock(
    place: Workplace, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fr")

    package(place, catalogue, FRENCH, "full")

    (coverage,) = entry_of(place, "f5_fr").coverage
    assert coverage.unknown == ("ÿ",)
    assert "no token for these of 'fr', they will be passed over: ÿ" in capsys.readouterr().out


def test_a_vocabulary_of_another_script_is_refused(place: Workplace, catalogue: Catalogue) -> None:
    place_stand_ins(place.root, catalogue, "f5_hi")
    vocabulary = next((place.root / "models").glob("*Hindi*/vocab.txt"))
    vocabulary.write_text("".join(f"{chr(0x410 + i)}\n" for i in range(73)), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"no token for \d+% of the letters of 'hi'"):
        package(place, catalogue, ("f5_hi",), "full")


@pytest.mark.usefixtures("compared")
def test_a_checkpoint_without_averaged_weights_is_packaged_with_a_warning(
    place: Workplace, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    place_stand_ins(place.root, catalogue, "f5_fr")
    path = next((place.root / "models").glob("*French*/*.pt"))
    dump = torch.load(path, weights_only=True)
    del dump["ema_model_state_dict"]
    torch.save(dump, path)

    package(place, catalogue, FRENCH, "full")

    assert entry_of(place, "f5_fr").weights == "plain"
    assert "holds no averaged (EMA) weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ((0.9, 1.2, 2.9), "confirmed"),
        ((0.9, 0.95, 2.9), "untold"),  # both speak
        ((0.95, 0.9, 2.9), "untold"),
        ((6.9, 7.1, 2.9), "untold"),  # neither speaks
        ((7.1, 3.0, 2.9), "untold"),
    ],
    ids=str,
)
def test_the_switches_are_confirmed_only_where_a_model_that_predicts_prefers_them(
    losses: tuple[float, float, float], verdict: str
) -> None:
    switches = judge(*losses, "f5_fr")

    assert switches.verdict == verdict
    assert (remark("f5_fr", switches) is None) == (verdict == "confirmed")
