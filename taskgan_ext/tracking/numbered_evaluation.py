"""The results of an evaluation without the names of its cases."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from taskgan_ext.io.atomic import atomic_path, read_json, write_json
from taskgan_ext.io.evaluation_files import (
    CASES,
    DIFFERENCES,
    EVALUATION,
    PREVIEW_DIR,
    SUMMARY,
    read_table,
    write_table,
)
from taskgan_ext.report.page import build_page
from taskgan_ext.report.results import HISTORY, read_results

REPORT = "report.html"
_NAMES = {"case": "case", "subject": "subject", "property": "class"}


def number_evaluation(folder: Path, out: Path, pictures: bool = True) -> None:
    """Write the tables and the report of an evaluation with numbers in place of the names.

    Cases and subjects become ``case 001`` and ``subject 001`` in the order of the table, and so does a
    property that is no number, such as the name of a person, unless it is one of the classes that the
    presentation names. The table of the verified pairs holds no names. Settings are left to the run.

    Args:
        folder: of an evaluation.
        out: existing folder to write to.
        pictures: whether the report shows pictures.

    Raises:
        DataError: a file of the evaluation is missing or cannot be understood.
    """
    evaluation = read_json(folder / EVALUATION)
    rows = read_table(folder / CASES)
    presentation = evaluation.get("presentation", {})
    classes = {
        *presentation.get("class_names", ()),
        *(row.get(presentation.get("group_key") or "") for row in rows),
    }
    numbers = {column: _numbers([row[column] for row in rows], word) for column, word in _NAMES.items()}
    numbers["property"] = {
        name: name if name in classes or _is_number(name) else number
        for name, number in numbers["property"].items()
    }
    numbered = [{**row, **{column: numbers[column][row[column]] for column in _NAMES}} for row in rows]
    write_table(out / CASES, list(rows[0]), numbered)
    write_json(out / EVALUATION, evaluation)
    for name in (SUMMARY, DIFFERENCES, HISTORY, *evaluation.get("tables", [])):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    if pictures:
        _copy_previews(folder / PREVIEW_DIR, out / PREVIEW_DIR, numbers)
    page = build_page(read_results(out))
    with atomic_path(out / REPORT) as temporary:
        temporary.write_text(page, encoding="utf-8")
    # The report shows what the store needs of the slices.
    shutil.rmtree(out / PREVIEW_DIR, ignore_errors=True)


def _copy_previews(folder: Path, out: Path, numbers: Mapping[str, Mapping[str, str]]) -> None:
    out.mkdir()
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            content = dict(file)
        name, value = str(content["name"]), str(content["property"])
        if name in numbers["case"]:
            content["name"] = np.array(numbers["case"][name])
            content["property"] = np.array(numbers["property"].get(value, value if _is_number(value) else ""))
            np.savez(out / f"{numbers['case'][name]}.npz", **content)


def _numbers(names: list[str], word: str) -> dict[str, str]:
    found = dict.fromkeys(names)
    return {name: f"{word} {number:03d}" for number, name in enumerate(found, start=1)}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
