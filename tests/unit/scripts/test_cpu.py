"""A CPU is told by its name and by the widest units that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.cpu import KINDS, cpu_kind, cpu_model, nearest, of_kind


def told(folder: Path, flags: str) -> Path:
    path = folder / "cpuinfo"
    core = f"processor\t: 0\nmodel name\t: Some CPU: fast\nflags\t\t: {flags}\nvmx flags\t: amx_bf16\n\n"
    path.write_text(core * 2, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("fpu avx2 avx512f amx_bf16 amx_tile", "amx"),
        ("fpu avx2 avx512f avx512bw", "avx512"),
        ("fpu avx avx2 fma", "avx2"),
        ("fpu avx sse4_2", "plain"),
        ("", "plain"),
    ],
)
def test_a_cpu_is_of_the_kind_of_its_widest_units(tmp_path: Path, flags: str, kind: str) -> None:
    assert cpu_kind(told(tmp_path, flags)) == kind
    assert kind in KINDS


def test_a_cpu_is_called_what_the_kernel_calls_it(tmp_path: Path) -> None:
    assert cpu_model(told(tmp_path, "avx2")) == "Some CPU: fast"


def test_where_the_kernel_tells_nothing_the_cpu_still_has_a_name_and_a_kind(tmp_path: Path) -> None:
    assert cpu_model(tmp_path / "none")
    assert cpu_kind(tmp_path / "none") == "plain"


def test_this_cpu_is_of_the_kind_that_torch_sees() -> None:
    torch = pytest.importorskip("torch")
    units = torch.cpu.get_capabilities()

    assert (cpu_kind() == "amx") == bool(units.get("amx_bf16", False))
    assert (cpu_kind() in {"amx", "avx512", "avx2"}) == bool(units.get("avx2", False))


def test_a_run_is_held_against_the_record_of_its_own_kind_or_one_like_it(tmp_path: Path) -> None:
    record = tmp_path / "serving.json"
    for kind in ("amx", "avx2"):
        of_kind(record, kind).write_text("{}", encoding="utf-8")

    assert nearest(record, "amx").name == "serving.amx.json"
    assert nearest(record, "avx2").name == "serving.avx2.json"
    assert nearest(record, "avx512").name == "serving.avx2.json"
    assert nearest(record, "plain").name == "serving.avx2.json"
    assert nearest(tmp_path / "other.json", "avx512").name == "other.avx512.json"
