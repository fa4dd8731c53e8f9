"""What the documentation claims has the tests behind it that it names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from f5serve.errors import ConfigurationError
from scripts import readme
from scripts.features import FEATURES, read_features, table_of
from scripts.setup import ROOT

ROW = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py::\w+)`")
ROWS = range(1, 43)
LINK = re.compile(r"\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
ELSEWHERE = ("http:", "https:", "mailto:")
COMMAND = re.compile(r"(?:`|^|\$ |&& |[0-9] )make (?P<task>[a-z][a-z-]*)(?=[\s`])", re.MULTILINE)
MODULE = re.compile(r"-m (?P<module>(?:scripts|tests)(?:\.\w+)+)")
TASK = re.compile(r"^(?P<task>[a-z-]+):.*## ", re.MULTILINE)


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a file's tests that nothing leaves out for good."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not any(
            "skip" in (mark := ast.unparse(one)) or "xfail" in mark for one in node.decorator_list
        )
    )


def is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and name in names_in(ROOT / path)


def named_tests() -> Iterator[str]:
    for feature in read_features(ROOT / FEATURES).features:
        yield from feature.tests
    for page in ("reliability.md", "security.md"):
        yield from NAMED.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("test", sorted(set(named_tests())))
def test_a_test_that_is_named_is_there(test: str) -> None:
    assert is_there(test)


def test_a_test_that_was_renamed_would_be_missed() -> None:
    assert not is_there("tests/unit/test_documents.py::test_a_test_that_nobody_wrote")
    assert not is_there("tests/unit/test_nowhere.py::test_a_test_that_is_named_is_there")


def test_every_row_of_bad_input_and_of_faults_has_its_tests() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")

    rows = {int(number): NAMED.findall(rest) for number, rest in ROW.findall(text)}

    assert list(rows) == list(ROWS)
    assert all(rows.values())


def test_every_threat_has_its_control_and_its_tests() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| --- | --- | --- |\n")

    rows = [line.strip("| ").split(" | ") for line in table.partition("\n\n")[0].splitlines()]

    assert len(rows) > 20
    assert all(len(row) == 3 and NAMED.search(row[2]) for row in rows)


def test_who_finds_a_weakness_is_led_to_what_counts_as_one() -> None:
    assert "](docs/security.md)" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_a_test_of_a_numbered_row_stands_in_that_row() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")

    rows = {int(number): rest for number, rest in ROW.findall(text)}

    for path in (ROOT / "tests" / "server").glob("test_fault_*.py"):
        for name in names_in(path):
            (number,) = re.findall(r"^test_row_(\d+)_", name)
            assert f"::{name}`" in rows[int(number)]


def test_the_tables_are_made_from_the_list() -> None:
    for block in readme.feature_blocks():
        text = (ROOT / block.path).read_text(encoding="utf-8")
        assert readme.with_block(text, block) == text


def test_the_readmes_table_has_what_is_lacking_too() -> None:
    table = read_features(ROOT / FEATURES)
    short = table_of(table, short=True)

    assert "**no**" in short
    assert short.count("\n") < table_of(table, short=False).count("\n")
    assert "::" not in short


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ours": "yes", "tests": []}, "name tests"),
        ({"ours": "no", "tests": ["tests/a.py::test_a"]}, "name tests"),
        ({"ours": "partly"}, "how far"),
        ({"note": "more or less"}, "how far"),
        ({"others": {"a": "yes"}}, "other servers"),
        ({"others": {"a": "perhaps", "b": "yes"}}, "Invalid enum value 'perhaps'"),
    ],
)
def test_a_claim_without_its_ground_is_refused(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    row = {
        "name": "Speech",
        "ours": "yes",
        "tests": ["tests/a.py::test_a"],
        "others": {"a": "yes", "b": "unknown"},
        **change,
    }
    others = {key: {"name": key, "read": "2026-01-01", "source": "all"} for key in ("a", "b")}
    path = tmp_path / "features.yaml"
    path.write_text(yaml.safe_dump({"others": others, "features": [row]}), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=told):
        read_features(path)


def pages() -> list[Path]:
    """Every page of the repository; git may be missing, and checkpoints bring pages of their own."""
    folders = ("config", "docs", "handlers", "loadtests", "model_store", "scripts", "tests")
    inner = [page for folder in folders for page in sorted((ROOT / folder).rglob("*.md"))]
    return [*sorted(ROOT.glob("*.md")), *inner]


def anchors(page: Path) -> set[str]:
    """The names that a page's headings have on the hub of the repository."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def leads_nowhere(page: Path, path: str, anchor: str) -> bool:
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def test_every_link_within_the_repository_leads_somewhere() -> None:
    lost = [
        f"{page.relative_to(ROOT)}: {link[0]}"
        for page in pages()
        for link in LINK.finditer(page.read_text(encoding="utf-8"))
        if not link["path"].startswith(ELSEWHERE)
        and leads_nowhere(page, link["path"], link["anchor"] or "")
    ]

    assert lost == []


def test_a_link_that_leads_nowhere_would_be_noticed() -> None:
    readme_page = ROOT / "README.md"

    assert leads_nowhere(readme_page, "docs/nothing.md", "")
    assert leads_nowhere(readme_page, "docs/edge.md", "nothing")
    assert not leads_nowhere(readme_page, "docs/edge.md", "ready-alive")


def test_every_page_of_the_documentation_is_linked_from_another() -> None:
    linked = {
        (page.parent / link["path"]).resolve()
        for page in pages()
        for link in LINK.finditer(page.read_text(encoding="utf-8"))
        if link["path"] and not link["path"].startswith(ELSEWHERE)
    }

    assert [page.name for page in (ROOT / "docs").glob("*.md") if page not in linked] == []


def test_every_command_of_the_documentation_exists() -> None:
    tasks = set(TASK.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    missing = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        missing += [
            f"{page.name}: make {task}" for task in COMMAND.findall(text) if task not in tasks
        ]
        for module in MODULE.findall(text):
            if not (ROOT / module.replace(".", "/")).with_suffix(".py").is_file():
                missing.append(f"{page.name}: python -m {module}")

    assert missing == []
    assert {"demo", "fetch", "key", "serve", "voice"} <= {
        task for page in pages() for task in COMMAND.findall(page.read_text(encoding="utf-8"))
    }
