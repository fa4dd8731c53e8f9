"""``config/placement.yaml``: which languages share a pod, how many pods there are, which GPUs workers take.

Packaging writes a placement's GPUs into the archives, ``scripts.render_shards`` its shards into manifests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from f5serve.catalogue import (
    Catalogue,
    LanguageCode,
    ModelName,
    Placement,
    PositiveInt,
    read_yaml,
)
from f5serve.errors import ConfigurationError

FILE: Final = "config/placement.yaml"

DeviceIds = tuple[Annotated[int, Meta(ge=0)], ...]
# Part of a Service's name, which is a label of DNS.
ShardName = Annotated[str, Meta(pattern=r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$")]


class Devices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the workers of one model run, where its shard's own word is not enough.

    Attributes:
        device_ids: GPUs by index, counted within the pod or machine.
        workers: Worker processes; None leaves the catalogue's number.
    """

    device_ids: DeviceIds = ()
    workers: PositiveInt | None = None


class Shard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Language models that share a pod.

    Attributes:
        name: Its name; in Kubernetes the end of its Deployment's.
        languages: Languages it speaks.
        replicas: Pods that run at least.
        max_replicas: Pods that a scaler may start; None for no more than ``replicas``.
        gpus: GPUs of one pod; 0 runs on its cores.
        device_ids: GPUs of every model of the shard; none leaves the choice to TorchServe.
        models: What single models have instead.
    """

    name: ShardName
    languages: Annotated[tuple[LanguageCode, ...], Meta(min_length=1)]
    replicas: PositiveInt = 1
    max_replicas: PositiveInt | None = None
    gpus: Annotated[int, Meta(ge=0, le=64)] = 0
    device_ids: DeviceIds = ()
    models: dict[ModelName, Devices] = {}

    @property
    def most_replicas(self) -> int:
        """Pods that may run at most."""
        return self.max_replicas or self.replicas


Shards = tuple[Shard, ...]


def load_placement(path: Path, catalogue: Catalogue, name: str) -> Shards:
    """Read one placement and check it against the catalogue.

    Args:
        path: The file of placements.
        catalogue: The checked catalogue.
        name: Which of them.

    Raises:
        ConfigurationError: If the file cannot be read, has no such placement, a value is out of range, a
            GPU is not among those of its shard, or a language is not served exactly once.
    """
    placements = read_placements(path)
    if name not in placements:
        raise ConfigurationError(
            f"{path}: there is no placement {name!r}, only {', '.join(placements)}"
        )
    shards = placements[name]
    problems = [
        *_unserved(shards, catalogue),
        *(problem for shard in shards for problem in _bad_shard(shard, catalogue)),
    ]
    if problems:
        raise ConfigurationError(f"{path}, {name}: " + "; ".join(problems))
    return shards


def read_placements(path: Path) -> Mapping[str, Shards]:
    """Read all placements, unchecked against a catalogue.

    Raises:
        ConfigurationError: If the file cannot be read, or a value is out of range.
    """
    document = read_yaml(path)
    try:
        return msgspec.convert(document, dict[str, Shards])
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{path}: {error}. Correct the value at the place named; a GPU is a whole number from 0,"
            ' and a language code stands in quotes ("no")'
        ) from error


def models_of(shard: Shard, catalogue: Catalogue) -> tuple[str, ...]:
    """Answer the models that a shard hosts, in the catalogue's order."""
    return catalogue.select([*shard.languages])


def placed(catalogue: Catalogue, shards: Shards) -> Catalogue:
    """Answer a catalogue whose models run where a placement says."""
    models = dict(catalogue.models)
    for shard in shards:
        for name in models_of(shard, catalogue):
            model = models[name]
            models[name] = msgspec.structs.replace(
                model, placement=_placement_of(model.placement, shard, name)
            )
    return msgspec.structs.replace(catalogue, models=models)


def placed_by(root: Path, catalogue: Catalogue, name: str | None) -> Catalogue:
    """Answer a catalogue by a placement's name; as it is for None.

    Raises:
        ConfigurationError: As ``load_placement``.
    """
    if name is None:
        return catalogue
    return placed(catalogue, load_placement(root / FILE, catalogue, name))


def _placement_of(own: Placement, shard: Shard, name: str) -> Placement:
    devices = shard.models.get(name, Devices())
    return msgspec.structs.replace(
        own,
        device="gpu" if shard.gpus else "cpu",
        device_ids=devices.device_ids or shard.device_ids,
        workers=devices.workers or own.workers,
        dtype=own.dtype if shard.gpus or own.dtype == "auto" else "float32",
    )


def _unserved(shards: Shards, catalogue: Catalogue) -> Iterator[str]:
    counts = Counter(code for shard in shards for code in shard.languages)
    known = catalogue.languages()
    for code, count in counts.items():
        if code not in known:
            yield f"language {code!r}: no model speaks it; the catalogue has {', '.join(sorted(known))}"
        elif count > 1:
            yield f"language {code!r} stands {count} times; keep it in one shard only"
    for code in sorted(known.keys() - counts.keys()):
        yield f"language {code!r} is in no shard; add it to one"
    for name, count in Counter(shard.name for shard in shards).items():
        if count > 1:
            yield f"{count} shards are named {name!r}; give each a name of its own"


def _bad_shard(shard: Shard, catalogue: Catalogue) -> Iterator[str]:
    where = f"shard {shard.name!r}"
    if shard.max_replicas is not None and shard.max_replicas < shard.replicas:
        yield f"{where}: max_replicas {shard.max_replicas} is less than replicas {shard.replicas}"
    known = catalogue.languages()
    hosted = {known[code] for code in shard.languages if code in known}
    for name in sorted(hosted):
        missing = set(catalogue.models[name].languages) - set(shard.languages)
        if missing:
            yield (
                f"{where}: {name} speaks {', '.join(sorted(missing))} too; the languages of one model"
                " belong into one shard"
            )
    for name in sorted(shard.models.keys() - hosted):
        yield f"{where}: {name} speaks none of its languages; remove it or correct its name"
    lists = {"device_ids": shard.device_ids} | {
        f"models.{name}.device_ids": devices.device_ids for name, devices in shard.models.items()
    }
    for key, ids in lists.items():
        yield from _bad_ids(f"{where}, {key}", ids, shard.gpus)


def _bad_ids(where: str, ids: tuple[int, ...], gpus: int) -> Iterator[str]:
    if ids and not gpus:
        yield f"{where}: given although the shard has no GPU; set gpus, or remove them"
    elif beyond := [number for number in ids if number >= gpus]:
        yield (
            f"{where}: {beyond[0]} is not a GPU of a pod with {gpus}, which are 0 to {gpus - 1};"
            " TorchServe would drop the whole list"
        )
    if len(set(ids)) != len(ids):
        yield f"{where}: a GPU stands twice in {list(ids)}"
