"""Compares an unpacked archive with the f5-tts and vocos packages; ``scripts.upstream`` starts it.

Started with ``python -I``, so that the engine can come from the unpacked archive alone. Prints one JSON
object. Models are loaded one after the other: memory holds one at a time.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from f5serve.engine.dit import DiT
    from f5serve.engine.sampler import SampleItem
    from f5serve.references import Reference
    from f5serve.settings import ModelSettings

REFERENCE_FRAMES = 60
FRAMES = 128
STEPS = 2
SEED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An unpacked archive.

    Attributes:
        folder: Where it lies.
        settings: What its worker is told.
        vocab: Token to number.
        mel: The log-mel ``[n m]`` of a registered voice of its first language, or of the first voice.
        tokens: What the voice says, as numbers.
        language: The voice's language.
    """

    folder: Path
    settings: ModelSettings
    vocab: Mapping[str, int]
    mel: Tensor
    tokens: tuple[int, ...]
    language: str

    def item(self) -> SampleItem:
        """The piece to compare: the start of the voice, its words, and frames to speak them in."""
        from f5serve.engine.sampler import SampleItem

        reference = self.mel[:REFERENCE_FRAMES]
        return SampleItem(
            reference_mel=reference,
            token_ids=self.tokens,
            total_frames=len(reference) + FRAMES - REFERENCE_FRAMES,
            seed=SEED,
            steps=STEPS,
        )

    def model(self, checkpoint: Path, architecture: Mapping[str, object]) -> DiT:
        """Load a published or packaged checkpoint into the engine's transformer."""
        import torch

        from f5serve.engine.arch import DiTConfig
        from f5serve.engine.dit import DiT
        from scripts.published import read_transformer

        config = DiTConfig.from_mapping(architecture, vocab_size=len(self.vocab))
        state, _ = read_transformer(checkpoint)
        return DiT(config, state, device=torch.device("cpu"), dtype=torch.float32)


def main(argv: Sequence[str]) -> int:
    """Compare.

    Args:
        argv: The archive's folder, and the checkpoint that it was made from.

    Returns:
        0; whatever is wrong ends as a traceback.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("original", type=Path)
    options = parser.parse_args(argv)
    sys.path.insert(0, str(options.folder))
    # Behind the archive: what the scripts share, never the repository's own engine.
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    print(json.dumps(compare(open_archive(options.folder), options.original)))
    return 0


def open_archive(folder: Path) -> Archive:
    """Read settings, vocabulary and a voice, as the archive's worker does."""
    import yaml

    from f5serve.engine.checkpoint import read_vocab
    from f5serve.engine.tokenizer import Vocabulary
    from f5serve.settings import ModelSettings, read_settings
    from f5serve.text.frontend import load, tokens

    section = yaml.safe_load((folder / "model-config.yaml").read_text(encoding="utf-8"))["handler"]
    settings = read_settings(section, ModelSettings)
    language, reference = voice_of(settings, folder)
    load(settings.frontend, settings.languages)
    vocab = read_vocab(folder / settings.vocabulary)
    return Archive(
        folder=folder,
        settings=settings,
        vocab=vocab,
        mel=reference.mel,
        tokens=Vocabulary(vocab).ids(tokens(reference.transcript, settings.frontend)),
        language=language,
    )


def voice_of(settings: ModelSettings, folder: Path) -> tuple[str, Reference]:
    """Answer the voice that speaks a model's first language, ready for the model, and its language."""
    import torch

    from f5serve.engine.mel import LogMel
    from f5serve.references import References
    from f5serve.text.duration import speech_units
    from f5serve.text.frontend import as_spoken
    from f5serve.voices import VoiceRegistry

    log_mel = LogMel(torch.device("cpu"))

    class FrontEnd:
        def reference_mel(self, samples: Any) -> Tensor:  # noqa: ANN401  # float32 samples
            return log_mel(torch.from_numpy(samples))

    voice = VoiceRegistry(settings.voices).default(settings.languages[0])
    references = References(
        FrontEnd(),
        settings,
        folder,
        speech_units,
        lambda text, language: as_spoken(text, settings.frontend, language),
    )
    return voice.language, references.registered(voice)


def compare(archive: Archive, original: Path) -> dict[str, object]:
    """Measure every distance.

    Args:
        archive: The archive.
        original: The checkpoint that it was made from.

    Returns:
        The figures, by the names of ``scripts.lock.Verification`` and ``Switches``.
    """
    from f5serve.engine.sampler import sample
    from scripts.switches import flow_loss, other_generation, trivial_loss

    packaged = archive.folder / archive.settings.weights
    architecture, item = archive.settings.architecture, archive.item()
    model = archive.model(packaged, architecture)
    (mel,) = sample(model, [item])
    pinned = flow_loss(model, archive.mel, archive.tokens)
    del model
    other = flow_loss(
        archive.model(packaged, other_generation(architecture)), archive.mel, archive.tokens
    )
    (unrounded,) = sample(archive.model(original, architecture), [item])
    expected = upstream_mel(packaged, architecture, len(archive.vocab), item)
    return {
        "language": archive.language,
        "frames": item.frames,
        "steps": item.steps,
        "seed": item.seed,
        "mel_rel_l2": relative_l2(mel, expected),
        "wave_rel_l2": wave_distance(archive, expected),
        "rounding_mel_rel_l2": relative_l2(mel, unrounded),
        "pinned_loss": pinned,
        "other_loss": other,
        "trivial_loss": trivial_loss(archive.mel),
    }


def upstream_mel(
    checkpoint: Path, architecture: Mapping[str, object], vocab_size: int, item: SampleItem
) -> Tensor:
    """Let upstream read the packaged checkpoint and speak the piece; ``[new_frames m]``."""
    import torch

    with warnings.catch_warnings():
        # Third parties' deprecations, at import time only.
        warnings.simplefilter("ignore")
        from f5_tts.infer.utils_infer import load_checkpoint
        from f5_tts.model import CFM
        from f5_tts.model import DiT as UpstreamDiT

    channels = item.reference_mel.shape[1]
    backbone = UpstreamDiT(**architecture, text_num_embeds=vocab_size, mel_dim=channels)
    model = CFM(transformer=backbone, mel_spec_kwargs={}, vocab_char_map=None)
    model = load_checkpoint(model, str(checkpoint), "cpu", dtype=torch.float32)
    sampled, _ = model.sample(
        cond=item.reference_mel.unsqueeze(0),
        text=torch.tensor([item.token_ids]),
        duration=item.total_frames,
        steps=item.steps,
        cfg_strength=item.cfg_strength,
        sway_sampling_coef=item.sway,
        seed=item.seed,
    )
    mel: Tensor = sampled[0, item.reference_frames :]
    return mel


def wave_distance(archive: Archive, mel: Tensor) -> float:
    """Compare the engine's vocoder with the vocos package on one mel."""
    import torch

    from f5serve.engine.arch import VocosConfig
    from f5serve.engine.checkpoint import load_tensors
    from f5serve.engine.vocos import Vocos

    settings = archive.settings
    state = load_tensors(archive.folder / settings.vocoder_weights)
    config = VocosConfig.from_mapping(settings.vocoder_config)
    (ours,) = Vocos(config, state, device=torch.device("cpu")).decode([mel])
    with torch.inference_mode():
        expected = upstream_vocoder(settings.vocoder_config, state).decode(mel.T.unsqueeze(0))[0]
    return relative_l2(ours, expected)


def upstream_vocoder(section: Mapping[str, Any], state: Mapping[str, Tensor]) -> Any:  # noqa: ANN401  # untyped package
    """Build the vocos package's model from its own configuration and a state."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from vocos import Vocos
        from vocos.feature_extractors import MelSpectrogramFeatures
        from vocos.heads import ISTFTHead
        from vocos.models import VocosBackbone

    arguments = {part: dict(values.get("init_args", {})) for part, values in section.items()}
    vocoder = Vocos(
        MelSpectrogramFeatures(**arguments["feature_extractor"]),
        VocosBackbone(**arguments["backbone"]),
        ISTFTHead(**arguments["head"]),
    )
    # Files differ in whether they carry the mel filters and the window, which are computed.
    vocoder.load_state_dict({**vocoder.state_dict(), **state})
    return vocoder.eval()


def relative_l2(found: Tensor, expected: Tensor) -> float:
    """Tell how far ``found`` lies from ``expected``, as a share of the latter's norm; shapes must agree."""
    if found.shape != expected.shape:
        raise ValueError(f"shapes differ: {tuple(found.shape)} and {tuple(expected.shape)}")
    return float((found - expected).norm() / expected.norm())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
