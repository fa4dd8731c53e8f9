"""Make the demo's checkpoints: from word lists to weights, voices and model cards.

    python -m scripts.train_demo all                 # on a CPU: hours, resumable
    python -m scripts.train_demo all --device cuda   # on a GPU: minutes

The stages can be run one by one, and several `finetune` side by side. `make quality` measures what they made.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from f5serve.errors import ConfigurationError
from scripts.archive import file_digest
from scripts.guards import alone
from scripts.record import write_record
from scripts.training.cards import write_card
from scripts.training.data import Shard, build_corpus, load_corpus, load_waves
from scripts.training.espeak import EspeakError, require_espeak
from scripts.training.export import (
    export_model,
    export_vocoder,
    export_voices,
    require_voices,
    write_atomically,
)
from scripts.training.flow import FlowPlan, train_flow
from scripts.training.languages import LANGUAGES, MODELS, SPEAKERS, DemoModel, Speaker
from scripts.training.model import Architecture
from scripts.training.progress import Budget
from scripts.training.reading import held_out_trials, measure_reading, reading_line
from scripts.training.state import BASE_RUN, load_average, read_parameters, require_start
from scripts.training.text import vocabulary, write_vocabulary
from scripts.training.vocoder import VOCODER_RUN, VocoderPlan, train_vocoder

_BASE_RATE = 1.2e-3
_FINETUNE_RATE = 8e-4
_VOCODER_RATE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asked for."""

    work: Path
    output: Path
    models: Sequence[DemoModel]
    speakers: Sequence[Speaker]
    device: str
    shards: int
    sentences_per_shard: int
    processes: int
    steps: int
    minutes: float
    frames_per_batch: int
    rate: float | None
    further: bool
    compiled: bool
    utterances: int
    start: str | None
    record: Path | None

    @property
    def corpus(self) -> Path:
        """Where the speech lies."""
        return self.work / "data"

    @property
    def runs(self) -> Path:
        """Where states, logs and plots of training lie."""
        return self.work / "runs"

    @property
    def languages(self) -> list[str]:
        """The languages of the models asked for."""
        return [code for model in self.models for code in model.languages]

    def budget(self, rate: float) -> Budget:
        """How long a run of this call may last, and the rate it learns at unless another was asked for."""
        return Budget(steps=self.steps, minutes=self.minutes, peak_rate=self.rate or rate)


def read_corpus_aloud(options: Options) -> None:
    """Stage `data`: let espeak-ng read random sentences."""
    shards = [
        Shard(
            folder=options.corpus,
            language=code,
            speaker=speaker.name,
            count=options.sentences_per_shard,
            seed=seed,
        )
        for seed in range(1, options.shards + 1)
        for code in options.languages
        for speaker in options.speakers
    ]
    build_corpus(shards, options.processes)


def fit_vocoder(options: Options) -> None:
    """Stage `vocoder`: train the small Vocos, from nothing or from the one that is exported."""
    start = options.output / "vocos" / "model.safetensors" if options.further else None
    plan = VocoderPlan(
        folder=options.runs,
        budget=options.budget(_VOCODER_RATE),
        start=start,
        device=options.device,
    )
    with alone(options.runs / VOCODER_RUN):
        if start is not None:
            require_start(plan.state_path, start, "--further")
        train_vocoder(plan, load_waves(options.corpus))


def train_base(options: Options) -> None:
    """Stage `base`: train one model on all languages."""
    _train(options, BASE_RUN, list(LANGUAGES), None, _BASE_RATE, phonemes=True)


def finetune(options: Options) -> None:
    """Stage `finetune`: train each model on its languages, from the base.

    Where no base was trained here, from the checkpoint that is exported already; or from the one that
    was asked for.
    """
    # All before the first is trained, which may take hours.
    starts = [_start_of(options, model) for model in options.models]
    for model, start in zip(options.models, starts, strict=True):
        _train(options, model.name, model.languages, start, _FINETUNE_RATE, phonemes=model.phonemes)


def _start_of(options: Options, model: DemoModel) -> Path:
    base = options.runs / f"{BASE_RUN}.pt"
    if options.start is None and base.exists():
        return base
    start = options.output / (options.start or model.name) / "model.safetensors"
    if options.start is not None:
        require_start(options.runs / f"{model.name}.pt", start, "--start")
    return start


def _train(
    options: Options,
    name: str,
    languages: Sequence[str],
    start: Path | None,
    rate: float,
    *,
    phonemes: bool,
) -> None:
    tokens = vocabulary(phonemes=phonemes)
    ids = {token: index for index, token in enumerate(tokens)}
    speakers = [speaker.name for speaker in options.speakers]
    plan = FlowPlan(
        name=name,
        folder=options.runs,
        architecture=Architecture(),
        vocabulary=tokens,
        budget=options.budget(rate),
        frames_per_batch=options.frames_per_batch,
        start=start,
        compiled=options.compiled,
        device=options.device,
    )
    with alone(options.runs / name):
        train_flow(plan, load_corpus(options.corpus, languages, speakers, ids))


def export(options: Options) -> None:
    """Stage `export`: write weights, vocabulary, voices, golden mels and cards.

    A model that has no run of its own yet gets the base's weights. What was not made anew here, the
    vocoder or a voice without readings, stays as it was exported before. Nothing is written where
    something that is needed is missing.
    """
    require_espeak()
    states = [_state_of(options, model) for model in options.models]
    voices = options.output / "voices"
    require_voices(options.languages, options.speakers, options.corpus, voices)
    architecture = Architecture()
    write_atomically(options.output / "arch.yaml", architecture.write)
    vocoder = options.runs / f"{VOCODER_RUN}.pt"
    if vocoder.exists():  # else the one that is exported already stays
        export_vocoder(read_parameters(vocoder), options.output / "vocos")
    export_voices(options.languages, options.speakers, options.corpus, voices)
    for model, state in zip(options.models, states, strict=True):
        tokens = vocabulary(phonemes=model.phonemes)
        listed = options.output / model.vocabulary
        write_atomically(listed, partial(write_vocabulary, tokens=tokens))
        ids = {token: index for index, token in enumerate(tokens)}
        export_model(model, state, options.output, ids, options.speakers[0], architecture)
        write_card(model, options.output)
        print(f"{model.name}: written from {state.name}", flush=True)


def _state_of(options: Options, model: DemoModel) -> Path:
    own, base = (options.runs / f"{name}.pt" for name in (model.name, BASE_RUN))
    for state in (own, base):
        if state.exists():
            return state
    raise FileNotFoundError(
        f"neither {own} nor {base} is there: train {model.name}, or name what is trained with --models"
    )


def tell_reading(options: Options) -> None:
    """Stage `reading`: does what is exported read its text, and does what the runs have come to?"""
    rows: list[dict[str, object]] = []
    for model in options.models:
        exported = options.output / model.name / "model.safetensors"
        rows += _readings_of(exported, model, options)
        run = options.runs / f"{model.name}.pt"
        if run.exists():  # told, but no part of the record: it changes with every step
            list(_readings_of(run, model, options))
    if options.record is not None:
        write_record(options.record, {"languages": rows})


def _readings_of(path: Path, model: DemoModel, options: Options) -> Iterator[dict[str, object]]:
    ids = {token: index for index, token in enumerate(vocabulary(phonemes=model.phonemes))}
    loaded = load_average(path, Architecture(), len(ids))
    for language in model.languages:
        trials = held_out_trials(language, options.speakers[0], ids, options.utterances)
        reading = measure_reading(loaded, trials)
        print(f"{path}: {language}: {reading_line(reading)}", flush=True)
        row = {"language": language, "model": model.name, "checkpoint_sha256": file_digest(path)}
        yield row | asdict(reading)


def everything(options: Options) -> None:
    """Stage `all`: every stage in order."""
    for stage in (read_corpus_aloud, fit_vocoder, train_base, finetune, export):
        stage(options)


STAGES: dict[str, Callable[[Options], None]] = {
    "data": read_corpus_aloud,
    "vocoder": fit_vocoder,
    "base": train_base,
    "finetune": finetune,
    "export": export,
    "reading": tell_reading,
    "all": everything,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.train_demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--work", type=Path, default=Path("build/train"), help="data and states")
    parser.add_argument("--output", type=Path, default=Path("config/demo"), help="what is served")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--voices", nargs="+", choices=SPEAKERS, default=["plain", "f2"])
    parser.add_argument("--record", type=Path, help="where `reading` writes what it measured")
    parser.add_argument("--start", choices=MODELS, help="exported checkpoint to train on from")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--shards", type=_at_least_one, default=3, help="of speech, per language and voice"
    )
    parser.add_argument("--sentences-per-shard", type=_at_least_one, default=1500)
    parser.add_argument(
        "--processes", type=_at_least_one, default=2, help="that read aloud side by side"
    )
    parser.add_argument(
        "--steps", type=_at_least_one, default=4000, help="end of a training run, and..."
    )
    parser.add_argument(
        "--minutes", type=_above_zero, default=float("inf"), help="...whichever is first"
    )
    parser.add_argument(
        "--rate", type=_above_zero, help="highest learning rate, if not the stage's own"
    )
    parser.add_argument("--frames-per-batch", type=_at_least_one, default=1800)
    parser.add_argument(
        "--further", action="store_true", help="train the exported vocoder on, not one from nothing"
    )
    parser.add_argument(
        "--utterances", type=_at_least_two, default=64, help="that `reading` measures a language on"
    )
    parser.add_argument(
        "--compiled", action="store_true", help="fuse the blocks (needs a C compiler)"
    )
    parser.add_argument("--threads", type=_at_least_one, default=1, help="of torch on a CPU")
    return parser


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: one at least")
    return number


def _above_zero(text: str) -> float:
    number = float(text)
    if not number > 0:  # nan is not, either
        raise argparse.ArgumentTypeError(f"{text}: more than nothing")
    return number


def _at_least_two(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError("two at least, or there is no standard error")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Run one stage; the exit status is 1 where something needed is missing or in use."""
    parser = _parser()
    arguments = vars(parser.parse_args(argv))
    if arguments["device"] == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no GPU; leave it out to train on the CPU")
    stage = STAGES[arguments.pop("stage")]
    torch.set_num_threads(arguments.pop("threads"))
    options = Options(
        models=[MODELS[name] for name in arguments.pop("models")],
        speakers=[SPEAKERS[name] for name in arguments.pop("voices")],
        **arguments,
    )
    try:
        stage(options)
    except (ConfigurationError, EspeakError, FileNotFoundError) as error:
        print(f"train_demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
