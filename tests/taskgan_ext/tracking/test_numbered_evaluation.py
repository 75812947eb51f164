"""Tables and report of an evaluation say as much with numbers as with names."""

import numpy as np
import pytest

from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.evaluation_files import SummaryRow, read_table, write_summary, write_table
from taskgan_ext.tracking.numbered_evaluation import number_evaluation

NAMES = ("Anna Mueller", "Bert O'Hara")


@pytest.fixture
def evaluation(tmp_path):
    """Two cases of each of two people, whose property is their name."""
    folder = tmp_path / "eval"
    rows = [
        {"case": f"{name}_{number}", "subject": name, "property": name, "arm": arm, "psnr": 20.0 + number}
        for name in NAMES
        for number in (1, 2)
        for arm in ("input", "restored")
    ]
    write_table(folder / "cases.csv", list(rows[0]), rows)
    write_summary(folder / "summary.csv", [SummaryRow("restored", "psnr", 21.5, 0.6, 4)])
    metrics = {"psnr": {"title": "PSNR", "definition": "", "headline": True, "plot": "paired"}}
    write_json(folder / "evaluation.json", {"metrics": metrics, "arms": ["input", "restored", "reference"]})
    (folder / "preview").mkdir()
    slices = {arm: np.eye(8, dtype=np.float32) for arm in ("input", "restored", "reference")}
    for row in rows[::2]:
        facts = {"name": row["case"], "property": row["property"], "pixel_mm": np.ones(2)}
        np.savez(folder / "preview" / f"{row['case']}.npz", **slices, **facts)
    return folder


@pytest.mark.parametrize("pictures", [True, False])
def test_no_name_is_left(evaluation, tmp_path, pictures):
    out = tmp_path / "out"
    out.mkdir()
    number_evaluation(evaluation, out, pictures)
    assert {path.name for path in out.iterdir()} == {
        "cases.csv",
        "evaluation.json",
        "report.html",
        "summary.csv",
    }
    for path in out.iterdir():
        text = path.read_text(encoding="utf-8")
        assert [name for name in ("Anna", "Mueller", "Bert", "Hara") if name in text] == []
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "case 001" in page


def test_numbers_tell_cases_and_subjects_apart(evaluation, tmp_path):
    (tmp_path / "out").mkdir()
    number_evaluation(evaluation, tmp_path / "out")
    before, after = (read_table(folder / "cases.csv") for folder in (evaluation, tmp_path / "out"))
    for column in ("case", "subject", "property"):
        pairs = {(old[column], new[column]) for old, new in zip(before, after, strict=True)}
        assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})
    assert [row["psnr"] for row in after] == [row["psnr"] for row in before]
