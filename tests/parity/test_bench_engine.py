"""The engine's benchmark: pieces of a trace, the gate, and a quick run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from f5serve.errors import ConfigurationError
from loadtests.bench import band, cells, engine
from loadtests.bench.cells import (
    MEL_LIMIT,
    audio_seconds,
    farthest,
    measure_cell,
    measure_padded,
    padding_share,
    within_limit,
)
from loadtests.bench.common import Cost
from loadtests.bench.material import TRACE, Material, demo, read_trace
from loadtests.bench.sides import Ours, Upstream
from scripts.cpu import cpu_kind

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def material() -> Iterator[Material]:
    with demo(TRACE) as made:
        yield made


@pytest.fixture(scope="module")
def ours(material: Material) -> Ours:
    return Ours(material.files, max_batch_frames=material.max_batch_frames)


@pytest.fixture(scope="module")
def upstream(material: Material) -> Upstream:
    return Upstream(material.files)


def test_the_trace_holds_texts_of_ten_to_three_hundred_characters() -> None:
    lengths = sorted(len(text) for text in read_trace(TRACE))

    assert lengths[0] in range(10, 15)
    assert lengths[-1] in range(250, 301)
    assert len(set(read_trace(TRACE))) == len(lengths) >= 20


@pytest.mark.parametrize("content", ["", "# nothing\n\n"])
def test_a_trace_without_texts_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="no texts"):
        read_trace(path)


def test_a_missing_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read as a trace"):
        read_trace(tmp_path / "none.txt")


def test_long_texts_are_cut_into_pieces_as_the_router_cuts_them(material: Material) -> None:
    assert len(material.items) > len(read_trace(TRACE))
    assert max(item.new_frames for item in material.items) * 256 / 24_000 < 1.5 * 7


def test_only_new_speech_counts_as_audio(material: Material) -> None:
    (item,) = material.batch(1, 7)

    assert audio_seconds([item]) == (item.frames - item.reference_frames - 1) * 256 / 24_000


def test_our_batch_passes_the_gate_and_upstreams_own_does_not(
    material: Material, ours: Ours, upstream: Upstream
) -> None:
    items = material.batch(2, 3)
    assert items[0].frames != items[1].frames

    cell = measure_cell(ours, upstream, items, 1)
    padded = measure_padded(upstream, items)

    assert cell.valid
    assert max(cell.mel_rel_l2, cell.alone_rel_l2) < MEL_LIMIT / 10
    assert not padded.valid
    assert padded.mel_rel_l2 > 10 * MEL_LIMIT


class _Wrong:
    """Our side with a mel that is slightly off in a batch."""

    def __init__(self, ours: Ours, share: float) -> None:
        self._ours = ours
        self._share = share

    def speak(self, items: object) -> None:
        pass

    def mels(self, items: object) -> list[torch.Tensor]:
        mels = self._ours.mels(items)  # type: ignore[arg-type]
        return mels if len(mels) == 1 else [mel * (1 + self._share) for mel in mels]


@pytest.mark.parametrize(("share", "valid"), [(0.0, True), (0.002, False)])
def test_a_cell_whose_mel_is_wrong_is_void(
    share: float,
    valid: bool,
    material: Material,
    ours: Ours,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        cells,
        "in_turn",
        lambda works, repeats: {name: [Cost(cpu_s=1.0, wall_s=1.0)] for name in works},
    )

    cell = measure_cell(_Wrong(ours, share), upstream, material.batch(2, 3), 1)  # type: ignore[arg-type]

    assert cell.valid is valid


def test_a_mel_that_is_no_number_is_never_within_the_limit() -> None:
    good, bad = torch.ones(3, 2), torch.tensor([[1.0, float("nan")]] * 3)

    assert not within_limit(farthest([good, bad], [good, good]))
    assert not within_limit(farthest([bad, good], [good, good]))


def test_padding_is_what_is_computed_and_belongs_to_no_piece() -> None:
    apart = padding_share([100, 900], batch_size=2, max_batch_frames=4096, device="cpu")
    joined = padding_share([100, 900], batch_size=2, max_batch_frames=4096, device="cuda")

    assert apart == 0.0
    assert joined == pytest.approx(800 / 1800)


def test_a_quick_run_measures_what_the_trace_has_pieces_for_and_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(band, "OUT", tmp_path)
    monkeypatch.setattr(
        engine, "QUICK", engine.Plan(steps=(7,), batches=(1, 2), repeats=1, whole=False)
    )
    trace = tmp_path / "trace.txt"
    trace.write_text("Entrez donc.\n", encoding="utf-8")

    assert engine.main(["--quick", "--trace", str(trace), "--threads", "1"]) == 0

    written = json.loads((tmp_path / f"bench_engine.{cpu_kind()}.json").read_text(encoding="utf-8"))
    assert [part["dtype"] for part in written["models"]] == list(engine.dtypes())
    for part in written["models"]:
        (cell,) = part["cells"]
        assert (cell["steps"], cell["batch"], cell["valid"]) == (7, 1, True)
        assert cell["cpu_ratio"]["median"] > 0
    assert written["threads"] == 1
    assert written["load"]["trace"] == "trace.txt"
    assert "commit" in written["circumstances"]
    assert "x upstream's speed" in capsys.readouterr().out


def test_too_little_cannot_be_recorded() -> None:
    with pytest.raises(SystemExit):
        engine.main(["--quick", "--record"])


def test_a_text_that_cannot_be_spoken_ends_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text("🎈🎈\n", encoding="utf-8")

    assert engine.main(["--quick", "--trace", str(trace)]) == 2
    assert "bench-engine:" in capsys.readouterr().err
