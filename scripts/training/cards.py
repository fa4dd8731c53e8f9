"""Model cards: what each checkpoint was trained on, how well it speaks, and what it cannot do."""

from pathlib import Path

import yaml

from scripts.readme import QUALITY_BEGIN, QUALITY_END
from scripts.training.data import MAX_ITEM_FRAMES
from scripts.training.espeak import HOP_SAMPLES, RATE_HZ
from scripts.training.export import VOICE_LIST, write_atomically
from scripts.training.languages import LANGUAGES, DemoModel
from scripts.training.state import BASE_RUN, Training, read_history

_CARD = """# {name}

A small F5 model for the demo: {languages}. It exists so that a fresh clone speaks within minutes
and without a network; for real speech use the checkpoints of the `full` profile.

| | |
|---|---|
| speaks | {languages} |
| {voices} |
| architecture | upstream's `DiT` as in `../arch.yaml`, {parameters:.1f} M parameters, float16 |
| data | readings of random word sequences (`wordfreq` lists) by espeak-ng |
{runs}
| licence | MIT, as the repository; on espeak-ng's output see `docs/demo_checkpoints.md` |

## How well it speaks

{begin}

Not measured yet: `make quality`.

{end}

How it is measured: `docs/quality.md`.

## What it can and cannot do

- Short sentences of one to about twelve words, in lower-case letters and `{marks}`; numbers and
  abbreviations must be written out before, as serving does.
- Flat, robotic prosody: its teacher is a formant synthesiser.
- Reference and new speech together should stay below {limit_s:.1f} s; it has not heard more.
- It does not clone voices.

`golden.safetensors` holds a short request (`reference_mel`, `noise`, `token_ids`) and the `mel`
that upstream's sampler makes of it (float32 from these rounded weights, 16 steps, guidance 2,
sway -1): what any other implementation must reproduce.
"""


def write_card(model: DemoModel, folder: Path) -> None:
    """Write the README of one checkpoint, with room for the scores of ``make quality``.

    Args:
        model: What it is of.
        folder: The demo's, with weights and voices.
    """
    weights = folder / model.name / "model.safetensors"
    text = _CARD.format(
        name=model.name,
        languages=" and ".join(LANGUAGES[code].name for code in model.languages),
        voices=_voices(model, folder / "voices" / VOICE_LIST),
        parameters=weights.stat().st_size / 2e6,
        runs="\n".join(_run(run, model.name) for run in read_history(weights)),
        begin=QUALITY_BEGIN,
        end=QUALITY_END,
        marks=", . ? ! ' -",
        limit_s=MAX_ITEM_FRAMES * HOP_SAMPLES / RATE_HZ,
    )
    write_atomically(
        folder / model.name / "README.md", lambda path: path.write_text(text, encoding="utf-8")
    )


def _voices(model: DemoModel, listed: Path) -> str:
    """Whose voices it speaks in: those of its references."""
    entries = yaml.safe_load(listed.read_text("utf-8"))["voices"]
    own = (entry["name"] for entry in entries if entry["language"] in model.languages)
    names = list(dict.fromkeys(name.rpartition("_")[0] for name in own))
    told = ", ".join(f"espeak-ng `{name}`" for name in names)
    if len(names) == 1:
        return f"voice | {told} (a formant synthesiser); other references are not imitated"
    return f"voices | {told} (a formant synthesiser), as the reference; others are not imitated"


def _run(run: Training, model: str) -> str:
    kinds = {BASE_RUN: "base training, all nine languages", model: "own training"}
    kind = kinds.get(run.run, f"training of `{run.run}`, which it started from")
    data = f"{run.readings} readings, " if run.readings is not None else ""
    return f"| {kind} | {data}{run.steps} steps, {run.minutes:.0f} minutes, loss {run.loss:.3f} |"
