"""What the documents name must exist: files, functions, tests, settings, commands and numbers."""

import argparse
import ast
import importlib
import importlib.util
import inspect
import itertools
import json
import re
import shlex
from pathlib import Path

import monai.bundle
import pytest

from preprocessing.pet.listmode.refusal_codes import CODES as LISTMODE_CODES
from taskgan_ext.errors import SERIES_CODES

ROOT = Path(__file__).parents[2]
CONFIGS = {
    column: ROOT / "bundles" / name / "configs"
    for column, name in {
        "PET": "pet_denoising",
        "MR": "mr_contrast_synthesis",
        "Faces": "face_super_resolution",
    }.items()
}
"""Column of the table of settings to the configuration that it describes."""
SKIPPED = {".venv", ".git", "work"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not SKIPPED & set(path.relative_to(ROOT).parts))
TEXTS = {path: path.read_text(encoding="utf-8") for path in DOCUMENTS}
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)"')
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NUMBER = re.compile(r"[-\u2212]?\d+\.\d+")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_of(text: str) -> str:
    """Everything that is set as code, one piece a line; long commands are joined."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.DOTALL)
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return "\n".join([*blocks, *inline]).replace("\\\n", " ")


def commands() -> list[str]:
    """All ``python -m`` commands of the documents and the Makefile, without comments."""
    text = "\n".join(
        [*map(code_of, TEXTS.values()), MAKEFILE.replace("$(CONFIGS)", "bundles/pet_denoising/configs")]
    )
    found = {line.partition("  #")[0].strip() for line in re.findall(r"python -m [^\n]+", text)}
    return sorted(line for line in found if "..." not in line and "$" not in line)


def definitions(path: Path) -> set[str]:
    """Names of the functions, classes, methods and constants of a module."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            found |= {f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def exists(reference: str) -> bool:
    """Resolve ``file``, ``file.py:name``, ``file.py::test`` or ``file.json:id::id``."""
    name, _, what = reference.replace(".py::", ".py:").partition(":")
    path = ROOT / name
    if not path.exists():
        return False
    if not what:
        return True
    if path.suffix == ".py":
        return what in definitions(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for key in what.split("::"):
        if key not in content:
            return False
        content = content[key]
    return True


def paper_rows() -> list[list[str]]:
    """Cells of the rows of all tables of docs/paper.md whose head is Paper, Code, Test, Deviation."""
    rows: list[list[str]] = []
    inside = False
    for line in (ROOT / "docs" / "paper.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        inside = bool(cells) and (inside or cells == ["Paper", "Code", "Test", "Deviation"])
        if inside and cells[0] != "Paper" and set(cells[0]) != {"-"}:
            rows.append(cells)
    return rows


@pytest.mark.parametrize("row", paper_rows(), ids=lambda row: row[0][:40])
def test_every_line_of_the_paper_has_code_and_a_test(row: list[str]) -> None:
    assert len(row) == 4
    _, code, test, _ = row
    for cell in (code, test):
        references = re.findall(r"`([^`]+)`", cell)
        assert references
        assert [reference for reference in references if not exists(reference)] == []


def test_the_paper_has_its_equations() -> None:
    lines = " ".join(row[0] for row in paper_rows())
    assert [number for number in range(1, 5) if f"eq. {number}" not in lines] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_relative_links_resolve(path: Path) -> None:
    links = ["".join(groups).partition("#")[0] for groups in LINK.findall(TEXTS[path])]
    local = [link for link in links if link and "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_files_and_targets_named_in_code_exist(path: Path) -> None:
    text = code_of(TEXTS[path])
    files = re.findall(r"(?<![\w/<.-])((?:taskgan_ext|preprocessing|tests|benchmarks|docs)/[\w/.-]+\w)", text)
    assert [name for name in files if not (ROOT / name).exists()] == []
    targets = set(re.findall(r"\bmake ([a-z-]+)\b", text))
    assert [name for name in targets if not re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)] == []


@pytest.mark.parametrize("command", commands())
def test_commands_name_modules_and_options_that_exist(command: str) -> None:
    words = shlex.split(re.sub(r"\[(--[^\]]*)\]", r"\1", command))
    module = words[2]
    assert importlib.util.find_spec(module), f"there is no module {module}"
    if module == "preprocessing" and len(words) > 4 and words[3].islower():
        check_arguments(f"preprocessing.{words[3]}.cli", words[4:])
    if module == "monai.bundle" and "run" in words:
        check_overrides(words[words.index("run") + 1 :])


def check_arguments(module: str, arguments: list[str]) -> None:
    parser: argparse.ArgumentParser = importlib.import_module(module).build_parser("command")
    if "--help" not in arguments:
        parser.parse_args(["1" if word.isupper() and len(word) == 1 else word for word in arguments])


def check_overrides(arguments: list[str]) -> None:
    """MONAI accepts a mistyped setting silently."""
    flags = [word.partition("=")[0] for word in arguments if word.startswith("--")]
    files = next(value for flag, value in itertools.pairwise(arguments) if flag == "--config_file")
    names = ast.literal_eval(files) if files.startswith("[") else [files]
    content: dict[str, object] = {}
    for name in names:
        config = (ROOT / str(name)) if (ROOT / str(name)).is_file() else CONFIGS["PET"] / Path(str(name)).name
        assert config.is_file(), f"there is no {name}"
        content |= json.loads(config.read_text(encoding="utf-8"))
    known = set(inspect.signature(monai.bundle.run).parameters) | set(content)
    assert [flag for flag in flags if flag.removeprefix("--").partition("::")[0] not in known] == []
    if arguments and not arguments[0].startswith("--"):
        assert arguments[0] in content


@pytest.mark.parametrize("column", CONFIGS)
def test_every_setting_of_a_bundle_is_explained(column: str) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    for name in ("train", "inference", "evaluate", "classify"):
        path = CONFIGS[column] / f"{name}.json"
        keys = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        ids = {key.lstrip("+").partition("::")[0] for key in keys} - {"imports"}
        assert sorted(key for key in ids if f"`{key}`" not in text) == []


def stored_numbers() -> list[float]:
    """All numbers of the files in benchmarks/results, with their percentages."""
    files = [
        path for path in (ROOT / "benchmarks" / "results").rglob("*") if path.suffix in (".csv", ".json")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    values = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:[eE][-+]?\d+)?", text)]
    return [*values, *(100 * value for value in values)]


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if "<!-- results -->" in TEXTS[path]], ids=name_of
)
def test_numbers_of_results_come_from_stored_runs(path: Path) -> None:
    sections = re.findall(r"<!-- results -->(.*?)(?=\n#|\Z)", TEXTS[path], flags=re.DOTALL)
    tables = "\n".join(line for section in sections for line in section.splitlines() if line.startswith("|"))
    stored = stored_numbers()
    unknown = []
    for text in NUMBER.findall(tables):
        digits, value = len(text.partition(".")[2]), float(text.replace("\u2212", "-"))
        if not any(abs(round(number, digits) - value) < 1e-9 for number in stored):
            unknown.append(text)
    assert unknown == []


@pytest.mark.parametrize("column", CONFIGS)
def test_defaults_in_the_documents_are_those_of_the_bundle(column: str) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    content = json.loads((CONFIGS[column] / "train.json").read_text(encoding="utf-8"))
    section = text.partition("## train.json")[2].partition("\n## ")[0]
    place = 1 + list(CONFIGS).index(column)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines()]
    told = {row[0].strip("`"): row[place].strip("`") for row in cells if len(row) == 2 + len(CONFIGS)}
    assert {key for key, cell in told.items() if cell == "\u2013"} & content.keys() == set()
    plain = {key: value for key, value in content.items() if isinstance(value, bool | int | float)}
    assert {key: json.loads(told[key]) for key in plain} == plain
    lists = {key: content[key] for key in ("slices", "crop") if key in content}
    assert {key: json.loads(told[key]) for key in lists} == lists


@pytest.mark.parametrize("column", CONFIGS)
def test_adam_has_the_beta_of_the_paper(column: str) -> None:
    content = json.loads((CONFIGS[column] / "train.json").read_text(encoding="utf-8"))
    for name in ("optimizer", "discriminator_optimizer"):
        assert content[name]["_target_"] == "torch.optim.Adam"
        assert content[name]["betas"][0] == 0.5


def test_every_code_of_a_refusal_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXTS[ROOT / "docs" / "refusals.md"], flags=re.MULTILINE)
    assert rows == [*SERIES_CODES.items(), *LISTMODE_CODES.items()]
