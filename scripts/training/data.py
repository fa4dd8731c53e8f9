"""The corpus: espeak-ng readings as log-mels on disk, and batches of them.

n   mel frames (hop 256 at 24 kHz: 10.67 ms)    d   mel channels (100)
b   items in a batch                            nt  text tokens
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from f5_tts.model.modules import MelSpec

from scripts.training.alignment import FRAMES_PER_TOKEN, placed
from scripts.training.espeak import EspeakError, Samples, read_aloud, require_espeak
from scripts.training.languages import LANGUAGES, SPEAKERS
from scripts.training.sentences import random_sentences, word_list
from scripts.training.text import UNKNOWN_ID, token_ids

PADDING_ID = -1  # upstream's mark for "no token"
MAX_ITEM_FRAMES = 720
WAVES_PER_SHARD = 200
_JOINED_SHARES = (0.4, 0.4, 0.15, 0.05)  # one utterance, two, three, four
_SPACE_ID = 0
_OTHER_PACE_SHARE = 0.3
_OTHER_PACES = (
    2.6,
    3.7,
)  # frames a token: references whose texts take longer or shorter than they should


_Item = tuple[npt.NDArray[np.float16], tuple[int, ...]]  # mel and token ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One reading.

    Attributes:
        language: ISO 639-1 code.
        speaker: Whose voice it is.
        mel: ``[n d]`` float16 log-mel.
        ids: Its tokens, as serving would write them.
        said: What is heard from which frame on, where that is known: token ids.
    """

    language: str
    speaker: str
    mel: npt.NDArray[np.float16]
    ids: tuple[int, ...]
    said: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Items of nearly one length.

    Attributes:
        mel: ``[b n d]`` float32, zero past ``frames[i]``.
        ids: ``[b nt]`` int64, :data:`PADDING_ID` past an item's end.
        frames: ``[b]`` int64.
    """

    mel: torch.Tensor
    ids: torch.Tensor
    frames: torch.Tensor

    def to(self, device: str) -> "Batch":
        """The same on another device."""
        return Batch(
            mel=self.mel.to(device), ids=self.ids.to(device), frames=self.frames.to(device)
        )


def log_mel(samples: Samples) -> npt.NDArray[np.float32]:
    """Upstream's log-mel of a mono recording at 24 kHz: ``[n d]`` float32."""
    mel: torch.Tensor = MelSpec()(torch.from_numpy(samples)[None])[0]
    return mel.T.contiguous().numpy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What one process reads aloud: one language in one voice."""

    folder: Path
    language: str
    speaker: str
    count: int
    seed: int

    @property
    def path(self) -> Path:
        """Stem of the files of this shard."""
        return self.folder / f"{self.language}-{self.speaker}-{self.seed}"


def build_corpus(shards: Sequence[Shard], processes: int) -> None:
    """Read all shards aloud that are not on disk yet.

    Raises:
        EspeakError: If espeak-ng is missing.
    """
    require_espeak()
    missing = [shard for shard in shards if not shard.path.with_suffix(".jsonl").exists()]
    with ProcessPoolExecutor(processes) as pool:
        for line in pool.map(build_shard, missing):
            print(line, flush=True)


def build_shard(shard: Shard) -> str:
    """Read one shard aloud and write it; the list of rows comes last, as the sign of completion."""
    torch.set_num_threads(1)
    shard.folder.mkdir(parents=True, exist_ok=True)
    language, speaker = LANGUAGES[shard.language], SPEAKERS[shard.speaker]
    mels: list[npt.NDArray[np.float16]] = []
    waves: list[Samples] = []
    rows: list[str] = []
    for index, text in enumerate(random_sentences(word_list(language), shard.count, shard.seed)):
        try:
            reading = read_aloud(text, language, speaker, seed=index)
        except EspeakError:
            continue  # a word that espeak-ng has no sound for; one text of thousands
        mel = log_mel(reading.samples).astype(np.float16)
        if mel.shape[0] > MAX_ITEM_FRAMES:
            continue
        mels.append(mel)
        if len(waves) < WAVES_PER_SHARD:
            waves.append(reading.samples)
        row: dict[str, object] = {"text": text, "tokens": reading.tokens, "frames": mel.shape[0]}
        if reading.said:
            row["said"] = reading.said
        rows.append(json.dumps(row, ensure_ascii=False))
    np.save(shard.path.with_suffix(".mel.npy"), np.concatenate(mels))
    np.save(shard.path.with_suffix(".wave.npy"), np.concatenate(waves).astype(np.float16))
    unfinished = shard.path.with_suffix(".part")
    unfinished.write_text("\n".join(rows) + "\n", encoding="utf-8")
    unfinished.replace(shard.path.with_suffix(".jsonl"))
    return f"{shard.path.name}: {len(rows)} utterances, {sum(map(len, mels))} frames"


def load_corpus(
    folder: Path, languages: Sequence[str], speakers: Sequence[str], vocabulary: dict[str, int]
) -> list[Utterance]:
    """All utterances on disk of these languages and voices.

    Raises:
        FileNotFoundError: If a language has none in one of the voices.
    """
    utterances: list[Utterance] = []
    for language in languages:
        for speaker in speakers:
            paths = sorted(folder.glob(f"{language}-{speaker}-*.jsonl"))
            if not paths:
                raise FileNotFoundError(f"no data for {language}-{speaker} in {folder}: run `data`")
            for path in paths:
                utterances += _load_shard(path, language, speaker, vocabulary)
    return utterances


def _load_shard(
    path: Path, language: str, speaker: str, vocabulary: dict[str, int]
) -> Iterator[Utterance]:
    mels = np.load(path.with_suffix(".mel.npy"), mmap_mode="r")
    start = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Utterance(
            language=language,
            speaker=speaker,
            mel=mels[start : start + row["frames"]],
            ids=tuple(token_ids(row["tokens"], vocabulary)),
            said=tuple(
                (vocabulary.get(token, UNKNOWN_ID), start) for token, start in row.get("said", ())
            ),
        )
        start += row["frames"]


def load_waves(folder: Path) -> list[Samples]:
    """A recording per shard on disk, for the vocoder: ``[nw]`` float32 each.

    Raises:
        FileNotFoundError: If there is none.
    """
    paths = sorted(folder.glob("*.wave.npy"))
    if not paths:
        raise FileNotFoundError(f"no recordings in {folder}: run `data`")
    return [np.load(path).astype(np.float32) for path in paths]


def batches(
    utterances: Sequence[Utterance], frames_per_batch: int, generator: np.random.Generator
) -> Iterator[Batch]:
    """Endless batches of items of nearly one length, in random order.

    Most items are several utterances of one voice and language, joined as synthesis joins reference
    and text; the rest are single, so that short texts are known too.
    """
    while True:
        items = sorted(_items(utterances, generator), key=lambda item: item[0].shape[0])
        groups: list[list[_Item]] = [[]]
        for item in items:
            if groups[-1] and (len(groups[-1]) + 1) * item[0].shape[0] > frames_per_batch:
                groups.append([])
            groups[-1].append(item)
        for index in generator.permutation(len(groups)):
            yield collate(groups[index])


def _items(utterances: Sequence[Utterance], generator: np.random.Generator) -> Iterator[_Item]:
    counts = 1 + np.arange(len(_JOINED_SHARES))
    runs: dict[tuple[str, str], tuple[int, list[Utterance]]] = {}
    for index in generator.permutation(len(utterances)):
        utterance = utterances[index]
        key = (utterance.language, utterance.speaker)
        wanted, run = runs.get(key) or (int(generator.choice(counts, p=_JOINED_SHARES)), [])
        if run and sum(len(u.mel) for u in run) + len(utterance.mel) > MAX_ITEM_FRAMES:
            yield _join(run, generator)
            run = []
        run.append(utterance)
        runs[key] = (wanted, run)
        if len(run) >= wanted:
            yield _join(runs.pop(key)[1], generator)


def _join(run: Sequence[Utterance], generator: np.random.Generator) -> _Item:
    mel = np.concatenate([utterance.mel for utterance in run])
    if all(utterance.said for utterance in run):
        return mel, _placed(run, len(mel), generator)
    ids = list(run[0].ids)
    for utterance in run[1:]:
        ids += (_SPACE_ID, *utterance.ids)
    return mel, tuple(ids)


def _placed(
    run: Sequence[Utterance], frames: int, generator: np.random.Generator
) -> tuple[int, ...]:
    """Tokens that tell for every frame what is heard: mostly as many as serving writes, at times more or fewer."""
    starts = np.cumsum([0, *(len(utterance.mel) for utterance in run)])
    said = [
        (token, start + at)
        for utterance, start in zip(run, starts[:-1], strict=True)
        for token, at in utterance.said
    ]
    each: float = FRAMES_PER_TOKEN
    if generator.random() < _OTHER_PACE_SHARE:
        each = generator.uniform(*_OTHER_PACES)
    return tuple(placed(said, max(round(frames / each), len(said)), frames))


def collate(items: Sequence[_Item]) -> Batch:
    """One batch of mels ``[n d]`` and their token ids."""
    frames = torch.tensor([mel.shape[0] for mel, _ in items])
    mel = torch.zeros(len(items), int(frames.max()), items[0][0].shape[1])
    ids = torch.full((len(items), max(len(ids) for _, ids in items)), PADDING_ID)
    for row, (item, tokens) in enumerate(items):
        mel[row, : item.shape[0]] = torch.from_numpy(item.astype(np.float32))
        ids[row, : len(tokens)] = torch.tensor(tokens)
    return Batch(mel=mel, ids=ids, frames=frames)
