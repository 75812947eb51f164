"""What the threat model counts on must exist: modules, and the tests that are said to show it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat_model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:taskgan_ext|tests|benchmarks)/[\w/.]+(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    path, _, function = name.partition("::")
    assert (ROOT / path).exists()
    if function:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_threat_tells_what_remains() -> None:
    rows = [
        line.strip("|").split("|") for line in PAGE.splitlines() if re.match(r"\| [STRIDEC](, \w)* \|", line)
    ]
    assert len(rows) > 20
    assert [row for row in rows if len(row) != 5 or not all(cell.strip() for cell in row)] == []
