"""Pieces under step-level batching: who is answered when, and with what."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pytest

from f5serve.continuous import ContinuousSpeaker
from f5serve.engine.sampler import SampleItem
from f5serve.engine.tokenizer import Vocabulary
from f5serve.engine.turns import Landed, Waveform
from f5serve.errors import NotFiniteError, PoisonError, RequestError, ServeError
from f5serve.guard import retry_seed
from f5serve.handler import ContinuousWorker, LanguageWorker
from f5serve.pieces import Spoken
from f5serve.poison import PoisonGuard, digest_of
from f5serve.request import PieceRequest
from f5serve.settings import GuardSettings
from f5serve.synthesis import Synthesizer
from tests.fakes import FakeContext
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, archive


class ScriptedTurns:
    """Speaks a tone, a piece a turn in the order they came; remembers who shared with nobody."""

    def __init__(self) -> None:
        self.cuts = 0
        self.waiting: dict[str, SampleItem] = {}
        self.apart: set[str] = set()
        self.sounds: dict[int, Waveform | ServeError] = {}
        self.during_turn: Callable[[], None] = lambda: None

    def admit(
        self, pieces: Mapping[str, SampleItem], *, apart: Collection[str] = ()
    ) -> dict[str, ServeError]:
        self.waiting.update(pieces)
        self.apart.update(apart)
        return {}

    def keep(self, keys: Collection[str]) -> None:
        self.waiting = {key: item for key, item in self.waiting.items() if key in keys}

    def upcoming(self) -> tuple[str, ...]:
        return tuple(self.waiting)[:1]

    def turn(self) -> Landed | None:
        key = next(iter(self.waiting))
        self.during_turn()
        item = self.waiting.pop(key)
        tone = 0.1 * np.sin(np.arange(item.new_frames * 256) * 0.05).astype(np.float32)
        outcome = self.sounds.get(item.seed, tone)
        return Landed(outcomes={key: outcome}, inference_s=0.5, frames=10, padded_frames=12)


@pytest.fixture
def turns() -> ScriptedTurns:
    return ScriptedTurns()


def speaker_of(
    turns: ScriptedTurns, folder: Path, poison: PoisonGuard | None = None
) -> ContinuousSpeaker:
    settings = archive(folder)
    synthesizer = Synthesizer(RecordingEngine(), Vocabulary(ALPHABET), settings, folder)
    return ContinuousSpeaker(synthesizer, turns, poison or PoisonGuard(), GuardSettings())


@pytest.fixture
def speaker(turns: ScriptedTurns, tmp_path: Path) -> ContinuousSpeaker:
    return speaker_of(turns, tmp_path)


def spoken(result: Spoken | ServeError) -> Spoken:
    assert isinstance(result, Spoken), result
    return result


def test_each_piece_is_answered_when_it_is_done_and_the_others_stay(
    speaker: ContinuousSpeaker,
) -> None:
    asked = {"a": PieceRequest(text="merci", seed=1), "b": PieceRequest(text="bonjour", seed=2)}
    assert speaker.admit(asked) == {}

    first = speaker.turn({"a", "b"})
    assert first.keys() == {"a"}
    assert spoken(first["a"]).request.seed == 1
    assert (speaker.knows("a"), speaker.knows("b")) == (False, True)

    assert speaker.turn({"b"}).keys() == {"b"}
    assert speaker.turn(()) == {}


def test_what_cannot_be_spoken_is_refused_before_any_turn(speaker: ContinuousSpeaker) -> None:
    wrong = RequestError("no JSON")

    refused = speaker.admit(
        {"a": wrong, "b": PieceRequest(text="?"), "c": PieceRequest(text="oui")}
    )

    assert refused["a"] is wrong
    assert refused.keys() == {"a", "b"}
    assert speaker.knows("c")


def test_refusals_in_every_call_do_not_keep_the_others_waiting(tmp_path: Path) -> None:
    told = archive(tmp_path)
    synthesizer = Synthesizer(RecordingEngine(), Vocabulary(ALPHABET), told, tmp_path)
    worker = ContinuousWorker(
        LanguageWorker(told, synthesizer), speaker_of(ScriptedTurns(), tmp_path)
    )
    good, bad = ({"body": json.dumps({"text": text}).encode()} for text in ("merci", "?"))
    kind = {"Content-Type": "application/json"}

    answered = []
    for newcomer in ("first", "second"):
        context = FakeContext([kind, kind])
        context.request_ids = {0: "good", 1: newcomer}
        answered.append([bool(body) for body in worker.turn([good, bad], context)])

    # The first refusal goes ahead of the model's turn, the second does not.
    assert answered == [[False, True], [True, True]]


def test_a_piece_whose_caller_has_gone_is_forgotten(
    speaker: ContinuousSpeaker, turns: ScriptedTurns
) -> None:
    speaker.admit({"a": PieceRequest(text="merci"), "b": PieceRequest(text="oui")})

    assert speaker.turn({"b"}).keys() == {"b"}
    assert not turns.waiting


def test_silence_is_spoken_once_more_and_the_good_take_is_answered(
    speaker: ContinuousSpeaker, turns: ScriptedTurns
) -> None:
    turns.sounds[7] = np.zeros(30_000, dtype=np.float32)
    speaker.admit({"a": PieceRequest(text="merci beaucoup", seed=7)})

    assert speaker.turn({"a"}) == {}, "no good take is there yet"
    assert turns.waiting["a"].seed == retry_seed(7)
    result = spoken(speaker.turn({"a"})["a"])

    assert result.retry is not None
    assert result.retry.mended
    assert np.abs(result.samples).max() > 0.05
    assert result.inference_s == pytest.approx(1.0), "both takes count"


def test_a_piece_that_fails_twice_is_answered_with_its_error(
    speaker: ContinuousSpeaker, turns: ScriptedTurns
) -> None:
    turns.sounds[7] = turns.sounds[retry_seed(7)] = NotFiniteError("infinite")
    speaker.admit({"a": PieceRequest(text="merci", seed=7)})

    assert speaker.turn({"a"}) == {}
    assert isinstance(speaker.turn({"a"})["a"], NotFiniteError)
    assert not speaker.knows("a")


def test_the_note_names_only_the_pieces_whose_turn_it_is(
    turns: ScriptedTurns, tmp_path: Path
) -> None:
    path = tmp_path / "poison.json"
    speaker = speaker_of(turns, tmp_path, PoisonGuard(path))
    first, second = PieceRequest(text="merci", seed=1), PieceRequest(text="oui", seed=2)
    notes: list[list[str]] = []

    def read_note() -> None:
        computing = json.loads(path.read_text())["computing"]
        notes.append([digest for work in computing.values() for digest in work["digests"]])

    turns.during_turn = read_note
    speaker.admit({"a": first, "b": second})
    speaker.turn({"a", "b"})
    speaker.turn({"b"})

    assert notes == [[digest_of(first)], [digest_of(second)]]
    assert json.loads(path.read_text())["computing"] == {}


def test_a_suspect_is_spoken_apart_and_cleared_and_a_poisonous_piece_is_refused(
    turns: ScriptedTurns, tmp_path: Path
) -> None:
    path = tmp_path / "poison.json"
    suspect, poisonous = PieceRequest(text="merci", seed=1), PieceRequest(text="oui", seed=2)
    guard = PoisonGuard(path)
    with guard.note([]):  # so that there is a file
        pass
    state = json.loads(path.read_text())
    state["suspects"] = {digest_of(suspect): time.monotonic()}
    state["refused"] = {digest_of(poisonous): time.monotonic()}
    path.write_text(json.dumps(state))
    speaker = speaker_of(turns, tmp_path, guard)

    refused = speaker.admit({"a": suspect, "b": poisonous, "c": PieceRequest(text="non")})

    assert isinstance(refused["b"], PoisonError)
    assert turns.apart == {"a"}
    spoken(speaker.turn({"a", "c"})["a"])
    assert json.loads(path.read_text())["suspects"] == {}


def test_the_cost_of_what_was_finished_is_told_once(
    speaker: ContinuousSpeaker, turns: ScriptedTurns
) -> None:
    speaker.admit({"a": PieceRequest(text="merci")})
    assert speaker.cost().batches == 0
    speaker.turn({"a"})
    turns.cuts = 2

    cost = speaker.cost()

    assert (cost.batches, cost.frames, cost.padding_frames, cost.batches_cut) == (1, 10, 2, 2)
    assert cost.inference_s == 0.5
    assert speaker.cost().batches == 0
