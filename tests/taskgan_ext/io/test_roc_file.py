import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.io.evaluation_files import write_table
from taskgan_ext.io.roc_file import ROC_COLUMNS, RocCurve, read_curves

CURVES = [
    RocCurve("task", "input", "same", (0.0, 0.1 + 0.2, 1.0), (0.0, 0.5, 1.0)),
    RocCurve("task", "input", "cross", (0.0, 1.0), (0.0, 1.0)),
    RocCurve("judge", "input", "same", (0.0, 0.0, 1.0), (0.0, 1.0, 1.0)),
]


def test_what_is_written_is_read(tmp_path):
    write_table(tmp_path / "roc.csv", ROC_COLUMNS, [row for curve in CURVES for row in curve.rows])
    assert read_curves(tmp_path / "roc.csv") == CURVES


def test_each_curve_names_its_area():
    assert [curve.area_metric for curve in CURVES] == ["task_auc", "task_cross_auc", "judge_auc"]


@pytest.mark.parametrize("content", ["measure,arm\nx,y\n", f"{','.join(ROC_COLUMNS)}\nx,y,same,high,1\n"])
def test_a_broken_table_is_named(tmp_path, content):
    (tmp_path / "roc.csv").write_text(content)
    with pytest.raises(DataError, match=r"roc\.csv: expected columns measure, arm, kind"):
        read_curves(tmp_path / "roc.csv")
