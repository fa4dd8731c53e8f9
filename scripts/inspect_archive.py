"""Looks at an unpacked archive from inside a fresh interpreter; ``scripts.verify`` starts it.

Started with ``python -I``, so that the handler and its package can come from the unpacked archive alone.
Prints one JSON object.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> int:
    """Import the handler and, of a language model's archive, run the engine.

    Args:
        argv: The archive's folder, and the handler's module name.

    Returns:
        0; whatever is wrong ends as a traceback.
    """
    folder, handler = Path(argv[0]), argv[1]
    sys.path.insert(0, str(folder))
    module = importlib.import_module(handler)
    defined = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    ]
    report: dict[str, Any] = {
        "classes": defined,
        "package": str(Path(str(importlib.import_module("f5serve").__file__)).resolve()),
        "real_torch": "torch._C" in sys.modules,
    }
    if (folder / "model.safetensors").exists():
        report |= run_engine(folder)
    print(json.dumps(report))
    return 0


def run_engine(folder: Path) -> dict[str, float | None]:
    """Load the engine from an unpacked archive and compare it with the recorded mel.

    Args:
        folder: The archive.

    Returns:
        ``golden_rel_l2``: the distance from the recorded mel; None where none is recorded, after one
        short piece has been spoken instead.
    """
    import yaml

    from f5serve.engine.engine import EngineFiles, F5Engine
    from f5serve.settings import ModelSettings, read_settings

    section = yaml.safe_load((folder / "model-config.yaml").read_text(encoding="utf-8"))["handler"]
    settings = read_settings(section, ModelSettings)
    engine = F5Engine.load(
        EngineFiles(
            checkpoint=folder / settings.weights,
            vocabulary=folder / settings.vocabulary,
            architecture=settings.architecture,
            vocoder=folder / settings.vocoder_weights,
            vocoder_config=settings.vocoder_config,
        )
    )
    golden = folder / "golden.safetensors"
    if golden.exists():
        return {"golden_rel_l2": golden_distance(engine, golden)}
    engine.warm_up()
    return {"golden_rel_l2": None}


def golden_distance(engine: Any, golden: Path) -> float:  # noqa: ANN401  # its class comes from the archive
    """Answer the relative L2 distance of the engine's mel from the recorded one.

    Args:
        engine: A loaded ``F5Engine``.
        golden: Tensors ``reference_mel``, ``noise``, ``token_ids`` and ``mel``; the metadata may give
            ``steps``, ``cfg_strength`` and ``sway`` where they differ from the engine's defaults.
    """
    import torch
    from safetensors import safe_open

    from f5serve.engine.sampler import SampleItem

    with safe_open(str(golden), framework="pt") as content:
        tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118  # no mapping
        told = content.metadata() or {}
    reference, noise, expected = tensors["reference_mel"], tensors["noise"], tensors["mel"]
    options: dict[str, Any] = {
        key: kind(told[key])
        for key, kind in (("steps", int), ("cfg_strength", float), ("sway", float))
        if key in told
    }
    item = SampleItem(
        reference_mel=reference.float(),
        token_ids=tuple(int(token) for token in tensors["token_ids"].flatten()),
        total_frames=noise.shape[0],
        seed=0,
        noise=noise.float(),
        **options,
    )
    (mel,), _ = engine.mels([item])
    if isinstance(mel, Exception):
        raise mel
    if expected.shape[0] == noise.shape[0]:
        expected = expected[reference.shape[0] :]
    return float(torch.linalg.vector_norm(mel - expected) / torch.linalg.vector_norm(expected))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
