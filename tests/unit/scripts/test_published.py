from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from f5serve.errors import ConfigurationError
from scripts.published import read_published, read_transformer


def _state() -> dict[str, Tensor]:
    return {"proj_out.weight": torch.ones(3, 2), "proj_out.bias": torch.zeros(3)}


def _plain() -> dict[str, Tensor]:
    return {f"transformer.{name}": tensor + 1 for name, tensor in _state().items()}


def _averaged() -> dict[str, Tensor]:
    named = {f"ema_model.transformer.{name}": tensor for name, tensor in _state().items()}
    named["ema_model.mel_spec.mel_stft.spectrogram.window"] = torch.zeros(8)
    return {**named, "initted": torch.tensor(True), "step": torch.tensor(5)}


FORMS: dict[str, Any] = {
    "averaged safetensors": _averaged(),
    "safetensors with both": {**_plain(), **_averaged()},
    "averaged pickle": {"ema_model_state_dict": _averaged(), "update": 5},
    "training dump": {
        "model_state_dict": _plain(),
        "optimizer_state_dict": {"state": {0: {"exp_avg": torch.ones(9)}}, "param_groups": []},
        "ema_model_state_dict": _averaged(),
        "scheduler_state_dict": {"last_epoch": 5},
        "step": 5,
    },
    "bare averaged pickle": _averaged(),
    "averaged under the plain name": {"model_state_dict": _averaged()},
    "averaged without the prefix": {
        "ema_model_state_dict": {f"transformer.{name}": value for name, value in _state().items()}
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_of_every_published_form_the_averaged_transformer_is_taken(
    form: str, tmp_path: Path
) -> None:
    path = tmp_path / ("model.safetensors" if "safetensors" in form else "model.pt")
    if path.suffix == ".safetensors":
        save_file(FORMS[form], path)
    else:
        torch.save(FORMS[form], path)

    state, weights = read_transformer(path)

    assert weights == "averaged"
    assert state.keys() == _state().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in _state().items())


@pytest.mark.parametrize("form", ["safetensors", "pickle", "old pickle", "bare pickle"])
def test_where_there_are_no_averaged_weights_the_plain_ones_are_taken_and_told(
    form: str, tmp_path: Path
) -> None:
    path = tmp_path / ("model.safetensors" if form == "safetensors" else "model.pt")
    if form == "safetensors":
        save_file(_plain(), path)
    else:
        content = _plain() if form == "bare pickle" else {"model_state_dict": _plain()}
        torch.save(content, path, _use_new_zipfile_serialization=form != "old pickle")

    state, weights = read_transformer(path)

    assert weights == "plain"
    assert torch.equal(state["proj_out.weight"], torch.full((3, 2), 2.0))


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("code of the file was run",))


def test_a_pickle_that_carries_code_is_refused_by_name_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"ema_model_state_dict": _Trap()}, tmp_path / "model.pt")

    with pytest.raises(ConfigurationError, match=r"model\.pt: needs .*print.* refused") as told:
        read_published(tmp_path / "model.pt")

    assert capsys.readouterr().out == ""
    assert "weights_only" not in told.value.detail  # torch tells how to run it all the same


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "pointer of Git LFS"),
        (b"<!DOCTYPE html><html>404</html>", "answer of a web server"),
        (b'{"error":"Repository not found"}', "answer of a web server"),
        (b"\x93NUMPY and other bytes", "no checkpoint of torch|no safetensors"),
    ],
    ids=["empty", "lfs", "html", "json", "other"],
)
@pytest.mark.parametrize("name", ["m.pt", "m.safetensors"])
def test_what_is_no_weights_file_is_told_for_what_it_is(
    name: str, content: bytes, problem: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ConfigurationError, match=rf"{name}: .*({problem}).*etch it again"):
        read_published(tmp_path / name)


@pytest.mark.parametrize("name", ["m.pt", "m.safetensors"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(name: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / name
    tensors = {"transformer.proj_out.weight": torch.ones(300, 200)}
    if name.endswith(".pt"):
        torch.save({"model_state_dict": tensors}, path)
    else:
        save_file(tensors, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(ConfigurationError, match=rf"{name}: cut off .*etch it again"):
        read_published(path)


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.txt", "no weights")
    (tmp_path / "m.pt").write_bytes(content.getvalue())

    with pytest.raises(ConfigurationError, match=r"m\.pt: "):
        read_published(tmp_path / "m.pt")


@pytest.mark.parametrize(
    "content",
    [[torch.ones(1)], {"a": 1}, {"optimizer_state_dict": {"state": {}}}, {"model_state_dict": {}}],
    ids=["list", "number", "optimiser alone", "empty state"],
)
def test_a_file_without_a_model_s_state_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.pt")

    with pytest.raises(ConfigurationError, match=r"other\.pt: holds no"):
        read_published(tmp_path / "other.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.pt: cannot be read \(No such file"):
        read_published(tmp_path / "gone.pt")
