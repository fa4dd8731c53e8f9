from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from f5serve.engine.arch import DiTConfig
from f5serve.engine.weights import parameter_shapes
from f5serve.errors import ConfigurationError
from scripts.convert import Kept, Plan, convert, converted, main
from scripts.make_stand_ins import drawn, write_dump, write_safetensors
from scripts.package import ROOT

TOKENS = " abcdefghijklmnopqrstuvwxyz.,?!"
SMALL: dict[str, bool | int | float | str | None] = {
    "dim": 64,
    "depth": 2,
    "heads": 1,
    "ff_mult": 2,
    "text_dim": 32,
    "conv_layers": 1,
    "text_mask_padding": False,
    "pe_attn_head": 1,
}
KNOWN = {"v0_small": SMALL, "v0_deep": {**SMALL, "depth": 3}, "v0_wide": {**SMALL, "dim": 128}}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("".join(f"{token}\n" for token in TOKENS), encoding="utf-8")
    return Plan(vocabulary=vocabulary, architecture=SMALL, known=KNOWN)


def state_of(
    architecture: Mapping[str, object] = SMALL, *, vocab_size: int = len(TOKENS)
) -> dict[str, Tensor]:
    config = DiTConfig.from_mapping(architecture, vocab_size=vocab_size)
    return drawn(parameter_shapes(config), seed=1)


def test_a_training_dump_becomes_its_averaged_weights_in_half_precision(
    plan: Plan, tmp_path: Path
) -> None:
    state = state_of()
    write_dump(tmp_path / "model.pt", state, lean=False)

    done = convert(tmp_path / "model.pt", plan, tmp_path / "out" / "model.safetensors")

    written = load_file(done.path)
    assert written.keys() == {f"ema_model.transformer.{name}" for name in state}
    assert all(
        torch.equal(written[f"ema_model.transformer.{name}"], tensor.half())
        for name, tensor in state.items()
    )
    assert done.weights == "averaged"
    assert 1e-5 < done.rounding_rel_l2 < 1e-3
    assert [path.name for path in done.path.parent.iterdir()] == ["model.safetensors"]


def test_dump_and_safetensors_of_one_model_give_the_same_bytes(plan: Plan, tmp_path: Path) -> None:
    write_dump(tmp_path / "m.pt", state_of(), lean=True)
    write_safetensors(tmp_path / "m.safetensors", state_of())

    one = convert(tmp_path / "m.pt", plan, tmp_path / "one.safetensors")
    other = convert(tmp_path / "m.safetensors", plan, tmp_path / "other.safetensors")

    assert one.path.read_bytes() == other.path.read_bytes()


def test_missing_and_unexpected_tensors_are_counted_and_the_first_named(
    plan: Plan, tmp_path: Path
) -> None:
    state = state_of()
    for name in ("proj_out.bias", "proj_out.weight"):
        del state[name]
    state["proj_in.weight"] = torch.ones(1)
    write_safetensors(tmp_path / "m.safetensors", state)

    with pytest.raises(
        ConfigurationError,
        match=r"m\.safetensors: 2 tensors are missing \['proj_out\.bias', 'proj_out\.weight'\],"
        r" 1 are unexpected \['proj_in\.weight'\]",
    ):
        convert(tmp_path / "m.safetensors", plan, tmp_path / "out.safetensors")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"depth": 3}, r"depth is 3, not 2; of the catalogue's architectures v0_deep would fit"),
        ({"dim": 128}, r"dim is 128, not 64; of the catalogue's architectures v0_wide would fit"),
        ({"ff_mult": 4}, r"ff_mult is 4, not 2$"),
        ({"heads": 2}, r"heads is 2, not 1$"),
        ({"text_dim": 16}, r"text_dim is 16, not 32$"),
        ({"conv_layers": 2}, r"conv_layers is 2, not 1$"),
    ],
    ids=str,
)
def test_another_architecture_is_told_by_its_keys_and_by_the_name_that_fits(
    plan: Plan, change: dict[str, int], told: str, tmp_path: Path
) -> None:
    write_safetensors(tmp_path / "m.safetensors", state_of({**SMALL, **change}))

    with pytest.raises(ConfigurationError, match=told):
        convert(tmp_path / "m.safetensors", plan, tmp_path / "out.safetensors")


def test_a_vocabulary_of_another_checkpoint_is_named_with_both_numbers(
    plan: Plan, tmp_path: Path
) -> None:
    write_safetensors(tmp_path / "m.safetensors", state_of(vocab_size=40))

    with pytest.raises(
        ConfigurationError,
        match=rf"{plan.vocabulary}: vocabulary has 31 tokens, so the embedding needs 32 rows; the checkpoint has 41",
    ):
        convert(tmp_path / "m.safetensors", plan, tmp_path / "out.safetensors")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), r"proj_out\.bias holds values that are not finite"),
        (float("inf"), r"proj_out\.bias holds values that are not finite"),
        (-7e4, r"proj_out\.bias reaches 7e\+04; .* 65504"),
    ],
    ids=["nan", "inf", "overflow"],
)
def test_values_that_cannot_be_served_are_refused_and_nothing_is_left(
    plan: Plan, value: float, told: str, tmp_path: Path
) -> None:
    state = state_of()
    state["proj_out.bias"][3] = value
    write_safetensors(tmp_path / "m.safetensors", state)
    (tmp_path / "out").mkdir()

    with pytest.raises(ConfigurationError, match=rf"m\.safetensors: {told}"):
        convert(tmp_path / "m.safetensors", plan, tmp_path / "out" / "out.safetensors")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_written(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_safetensors(tmp_path / "m.safetensors", state_of())
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))

    with pytest.raises(ConfigurationError, match=r"GB are needed .* free some space"):
        convert(tmp_path / "m.safetensors", plan, tmp_path / "out.safetensors")


def test_a_conversion_is_kept_by_the_source_s_digest_and_replaced_with_it(
    plan: Plan, tmp_path: Path
) -> None:
    source, cache = tmp_path / "m.safetensors", tmp_path / "cache"
    write_safetensors(source, state_of())
    first = converted(source, plan, Kept(folder=cache, model="f5_fr", sha256="a" * 64))
    source.unlink()

    again = converted(source, plan, Kept(folder=cache, model="f5_fr", sha256="a" * 64))
    write_safetensors(source, state_of())
    other = converted(source, plan, Kept(folder=cache, model="f5_fr", sha256="b" * 64))

    assert again == first
    assert other.path != first.path
    assert [*cache.iterdir()] == [other.path]


def test_a_kept_conversion_that_was_damaged_is_made_again(plan: Plan, tmp_path: Path) -> None:
    source, kept = (
        tmp_path / "m.safetensors",
        Kept(folder=tmp_path / "cache", model="f5_fr", sha256="a" * 64),
    )
    write_safetensors(source, state_of())
    whole = converted(source, plan, kept).path.read_bytes()
    kept.path.write_bytes(whole[:1000])

    assert converted(source, plan, kept).path.read_bytes() == whole


def test_a_kept_conversion_is_held_against_another_pin(plan: Plan, tmp_path: Path) -> None:
    source, kept = (
        tmp_path / "m.safetensors",
        Kept(folder=tmp_path / "cache", model="f5_fr", sha256="a" * 64),
    )
    write_safetensors(source, state_of())
    converted(source, plan, kept)
    other = Plan(vocabulary=plan.vocabulary, architecture=KNOWN["v0_deep"], known=KNOWN)

    with pytest.raises(ConfigurationError, match="depth is 2, not 3"):
        converted(source, other, kept)


# The peak of a process of its own. Not ru_maxrss: that one begins with the peak of the process that started it.
_PEAK = """
import json, re, sys
from pathlib import Path
from scripts.convert import Plan, convert
source, vocabulary, out = map(Path, sys.argv[1:4])
convert(source, Plan(vocabulary=vocabulary, architecture=json.loads(sys.argv[4]), known={}), out)
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]))
"""
WIDE = {**SMALL, "dim": 256, "heads": 4, "depth": 4}
OPTIMISER_BYTES = 300_000_000


def write_large_dump(path: Path, optimiser_bytes: int) -> Path:
    """Write a dump of 17 MB of weights behind an optimiser's state of many times that."""
    averaged = {f"ema_model.transformer.{name}": value for name, value in state_of(WIDE).items()}
    moments = {0: {"exp_avg": torch.zeros(optimiser_bytes // 4)}}
    torch.save({"optimizer_state_dict": {"state": moments}, "ema_model_state_dict": averaged}, path)
    return path


def peak_bytes(source: Path, plan: Plan, out: Path) -> int:
    """Convert in a process of its own and answer the most memory that it held."""
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", _PEAK, source, plan.vocabulary, out, json.dumps(WIDE)],
        cwd=ROOT,
        env={"PYTHONPATH": "handlers:."},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")
def test_memory_does_not_grow_with_the_optimiser_s_state(plan: Plan, tmp_path: Path) -> None:
    lean = write_large_dump(tmp_path / "lean.pt", 0)
    large = write_large_dump(tmp_path / "large.pt", OPTIMISER_BYTES)

    growth = peak_bytes(large, plan, tmp_path / "a.safetensors") - peak_bytes(
        lean, plan, tmp_path / "b.safetensors"
    )

    assert growth < OPTIMISER_BYTES / 5
    large.unlink()


def test_the_command_converts_one_file_and_tells_what_is_wrong_with_another(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_safetensors(tmp_path / "m.safetensors", state_of())
    catalogue = tmp_path / "catalogue.yaml"
    text = (ROOT / "config/catalogue.yaml").read_text(encoding="utf-8")
    small = ", ".join(f"{key}: {str(value).lower()}" for key, value in SMALL.items())
    catalogue.write_text(
        text.replace("architectures:", f"architectures:\n  tiny: {{{small}}}", 1), encoding="utf-8"
    )
    arguments = [
        *(str(tmp_path / "m.safetensors"), "--catalogue", str(catalogue)),
        *("--vocabulary", str(plan.vocabulary), "--out", str(tmp_path / "out.safetensors")),
    ]

    assert main([*arguments, "--architecture", "tiny"]) == 0
    assert "averaged weights, rounding" in capsys.readouterr().out
    assert main([*arguments, "--architecture", "v0_base"]) == 1
    assert "depth is 2, not 22" in capsys.readouterr().err
    assert main([*arguments, "--architecture", "v7"]) == 1
    assert "no architecture 'v7'" in capsys.readouterr().err
