"""A language model's worker between TorchServe and synthesis."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from f5serve import torchserve
from f5serve.audio import from_f32
from f5serve.cores import CORES_FILE_VARIABLE, CORES_VARIABLE
from f5serve.engine.dit import DiT
from f5serve.engine.engine import F5Engine
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ConfigurationError
from f5serve.handler import LanguageWorker, SpeechHandler, device_of, load_engine
from f5serve.settings import Limits, in_precision
from f5serve.synthesis import Synthesizer
from tests.fakes import FakeContext
from tests.unit.engine.models import engine as small_engine
from tests.unit.engine.models import item
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, archive

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def worker(tmp_path: Path) -> LanguageWorker:
    settings = archive(tmp_path)
    return LanguageWorker(
        settings, Synthesizer(RecordingEngine(), Vocabulary(ALPHABET), settings, tmp_path)
    )


def test_a_batch_has_one_answer_a_request_each_with_its_own_status_and_type(
    worker: LanguageWorker,
) -> None:
    bodies = [
        b'{"text": "merci", "response_format": "f32", "seed": 3}',
        b"{",
        b'{"text": "merci"}',
        b'{"text": "?"}',
    ]
    context = FakeContext(
        [{**JSON, "X-Request-Id": f"call-{index}"} for index in range(len(bodies))]
    )

    calls = torchserve.read_calls([{"body": bytearray(body)} for body in bodies], context)
    sent = torchserve.write_answers(worker.answers(calls), context)

    assert [context.statuses[index] for index in range(4)] == [200, 400, 200, 422]
    assert [context.content_types[index] for index in range(4)] == [
        "application/octet-stream", "application/problem+json", "audio/wav", "application/problem+json",
    ]  # fmt: skip
    assert np.all(from_f32(sent[0]) == np.float32(0.5))
    assert context.sent[0]["X-Seed"] == "3"
    assert context.sent[0]["X-Batch-Pieces"] == "2"
    assert [json.loads(sent[index])["request_id"] for index in (1, 3)] == ["call-1", "call-3"]


def test_an_echo_is_answered_in_its_place_and_speaks_nothing(worker: LanguageWorker) -> None:
    bodies = [
        b'{"echo": true}',
        b'{"text": "merci"}',
        b'{"echo": true}',
        b'{"echo": 1, "text": "oui"}',
    ]
    context = FakeContext([JSON] * len(bodies))

    answers = worker.answers(torchserve.read_calls([{"body": body} for body in bodies], context))

    assert [answer.status for answer in answers] == [200, 200, 200, 422]
    assert [json.loads(answers[index].body) for index in (0, 2)] == [{"echo": True}] * 2
    assert answers[1].headers["X-Batch-Pieces"] == "1"


def test_echoes_alone_do_not_run_the_model(worker: LanguageWorker) -> None:
    calls = torchserve.read_calls([{"body": b'{"echo": true}'}], FakeContext([JSON]))

    (answer,) = worker.answers(calls)

    assert answer.status == 200
    assert worker.cost().inference_s == 0


def test_a_request_without_a_body_is_refused(worker: LanguageWorker) -> None:
    calls = torchserve.read_calls([{}], FakeContext([{}]))

    (answer,) = worker.answers(calls)

    assert answer.status == 400


def test_where_uploads_are_switched_off_a_clip_is_forbidden_and_its_batch_mates_are_spoken(
    tmp_path: Path,
) -> None:
    settings = msgspec.structs.replace(archive(tmp_path), limits=Limits(uploads=False))
    worker = LanguageWorker(
        settings, Synthesizer(RecordingEngine(), Vocabulary(ALPHABET), settings, tmp_path)
    )
    bodies = [
        b'{"text": "merci", "ref_audio": "UklGRg==", "ref_text": "oui"}',
        b'{"text": "merci"}',
    ]
    calls = torchserve.read_calls([{"body": body} for body in bodies], FakeContext([JSON, JSON]))

    forbidden, spoken = worker.answers(calls)

    assert (forbidden.status, json.loads(forbidden.body)["code"]) == (403, "uploads_disabled")
    assert spoken.status == 200


def test_the_worker_takes_the_gpu_it_was_given(tmp_path: Path) -> None:
    settings = archive(tmp_path)

    assert device_of(settings, 2) == "cuda:2"
    assert device_of(settings, None) == "cpu"
    assert device_of(msgspec.structs.replace(settings, device="cpu"), 2) == "cpu"


def test_a_model_that_wants_a_gpu_does_not_start_without_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nvidia-smi"):
        device_of(msgspec.structs.replace(archive(tmp_path), device="gpu"), None)


def test_the_server_s_precision_is_that_of_every_model_and_without_one_the_archive_decides(
    tmp_path: Path,
) -> None:
    settings = archive(tmp_path)

    assert in_precision(settings, {}, "cpu").dtype == settings.dtype == "float32"
    assert in_precision(settings, {"F5SERVE_DTYPE": ""}, "cpu") == settings
    assert in_precision(settings, {"F5SERVE_DTYPE": "auto"}, "cpu").dtype == "auto"
    assert in_precision(settings, {"F5SERVE_DTYPE": "float16"}, "cuda:0").dtype == "float16"


@pytest.mark.parametrize(
    ("told", "remedy"),
    [("half", "take one of auto, float32"), ("float16", "to auto, which is bfloat16 where")],
)
def test_a_precision_that_cannot_be_meant_does_not_start(
    told: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=f"F5SERVE_DTYPE.*{remedy}"):
        in_precision(archive(tmp_path), {"F5SERVE_DTYPE": told}, "cpu")


def test_an_archive_in_float16_does_not_start_on_a_cpu(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(archive(tmp_path), dtype="float16")

    with pytest.raises(ConfigurationError, match=r"f5_fr: float16 .*set F5SERVE_DTYPE to auto"):
        in_precision(settings, {}, "cpu")
    assert in_precision(settings, {}, "cuda:0").dtype == "float16"
    assert in_precision(settings, {"F5SERVE_DTYPE": "auto"}, "cpu").dtype == "auto"


def test_a_language_worker_shares_the_cores_that_the_server_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(F5Engine, "load", lambda *_given, **_named: small_engine())
    monkeypatch.setenv(CORES_VARIABLE, "3")
    monkeypatch.setenv(CORES_FILE_VARIABLE, str(tmp_path / "cores"))
    threads: list[int] = []
    velocity, before = DiT.velocity, torch.get_num_threads()

    def noting(self: DiT, *given: object) -> torch.Tensor:
        threads.append(torch.get_num_threads())
        return velocity(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(DiT, "velocity", noting)
    try:
        load_engine(archive(tmp_path), tmp_path, "cpu").mels([item(steps=2)])
    finally:
        torch.set_num_threads(before)

    assert threads == [3, 3]


def test_an_archive_without_settings_does_not_start() -> None:
    with pytest.raises(ConfigurationError, match=r"scripts/package\.py"):
        SpeechHandler().initialize(FakeContext(config={}))
