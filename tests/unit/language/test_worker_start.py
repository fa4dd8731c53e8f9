"""What a worker of the router loads for detection: no torch, and no source of the tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROBE = """
import json, sys
opened = []
sys.addaudithook(lambda event, about: opened.append(str(about[0])) if event == "open" else None)
import f5serve.language
tables_at_import = [path for path in opened if path.endswith(".table")]
imported = set(sys.modules)
opened.clear()
detector = f5serve.language.build_detector(("en", "ja", "zh"))
language = detector.detect("The train to London is late again.").language
print(json.dumps({
    "language": language,
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "later": sorted(set(sys.modules) - imported),
    "opened": opened,
    "tables_at_import": tables_at_import,
}))
"""


@pytest.fixture(scope="module")
def worker() -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603  # our own interpreter and code
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "handlers")},
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_the_detector_of_a_worker_works(worker: dict[str, Any]) -> None:
    assert worker["language"] == "en"


@pytest.mark.parametrize("module", ["torch", "numpy", "wordfreq", "cjclassifier", "scripts"])
def test_it_imports_no_heavy_module_and_no_source_of_the_tables(
    worker: dict[str, Any], module: str
) -> None:
    assert module not in worker["modules"]


def test_it_opens_the_two_tables_and_nothing_else(worker: dict[str, Any]) -> None:
    assert sorted(Path(path).name for path in worker["opened"]) == ["han.table", "words.table"]


def test_nothing_is_loaded_at_import(worker: dict[str, Any]) -> None:
    assert worker["tables_at_import"] == []
    assert worker["later"] == []
