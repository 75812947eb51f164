import math

import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.io.evaluation_files import (
    MetricInfo,
    SummaryRow,
    arms_of,
    parse_metrics,
    read_summary,
    read_table,
    to_float,
    write_summary,
    write_table,
)
from taskgan_ext.io.presentation import Presentation


def test_table_round_trip_keeps_numbers_and_blanks(tmp_path):
    rows = [
        {"case": "a, b", "psnr": 0.1 + 0.2},
        {"case": 'say "c"', "psnr": math.nan},
        {"case": "d", "psnr": math.inf},
    ]
    write_table(tmp_path / "t.csv", ["case", "psnr", "absent"], rows)
    found = read_table(tmp_path / "t.csv")
    assert [row["case"] for row in found] == ["a, b", 'say "c"', "d"]
    assert to_float(found[0]["psnr"]) == 0.1 + 0.2
    assert math.isnan(to_float(found[1]["psnr"]))
    assert math.isinf(to_float(found[2]["psnr"]))
    assert found[0]["absent"] == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "found no file", id="missing"),
        pytest.param(b"", "found an empty file", id="empty"),
        pytest.param(b"a,b\n1\n", "line 2: expected 2 cells", id="short row"),
        pytest.param(b"a,b\n1,2,3\n", "line 2: expected 2 cells", id="long row"),
        pytest.param(b"\xff\xfe\xfa", "expected UTF-8", id="binary"),
    ],
)
def test_an_unusable_table_is_named(tmp_path, content, message):
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path)


def test_summary_round_trip(tmp_path):
    rows = [
        SummaryRow("analytic tuned", "psnr", 0.1 + 0.2, 0.5, 4, group="T2FLAIR", low=0.1, high=0.7),
        SummaryRow("restored", "slope", math.inf, 0.0, 4, low=0.0, high=0.0),
    ]
    write_summary(tmp_path / "summary.csv", rows)
    assert read_summary(tmp_path / "summary.csv") == rows


def test_values_of_the_whole_table_have_neither_deviation_nor_interval(tmp_path):
    write_summary(tmp_path / "summary.csv", [SummaryRow("restored", "slope", 0.7, math.nan, 4)])
    (found,) = read_summary(tmp_path / "summary.csv")
    assert found.group == ""
    assert all(math.isnan(value) for value in (found.sd, found.low, found.high))


def test_arms_keep_the_order_of_the_rows():
    rows = [{"arm": arm} for arm in ("zebra", "restored", "reference", "zebra", "restored")]
    assert arms_of(rows) == ["zebra", "restored", "reference"]


def test_a_summary_without_its_columns_is_named(tmp_path):
    (tmp_path / "summary.csv").write_text("arm,metric,mean,sd\ninput,psnr,1,2\n")
    with pytest.raises(DataError, match="expected columns group, arm, metric, mean, sd, n, low, high"):
        read_summary(tmp_path / "summary.csv")


def test_unknown_fields_of_a_metric_are_named():
    with pytest.raises(DataError, match="expected metrics with title and definition"):
        parse_metrics({"metrics": {"psnr": {"title": "PSNR", "colour": "red"}}}, "evaluation.json")


@pytest.mark.parametrize(
    ("info", "value", "label", "number"),
    [
        (MetricInfo("PSNR", "", unit="dB", digits=2), 24.567, "PSNR (dB)", "24.57"),
        (MetricInfo("Bias", "", percent=True, digits=1), -0.0312, "Bias (%)", "-3.1"),
        (MetricInfo("Bias", "", percent=True, digits=1), -0.0001, "Bias (%)", "0.0"),
        (MetricInfo("SSIM", ""), math.nan, "SSIM", "-"),
    ],
)
def test_numbers_are_printed_with_digits_and_unit(info, value, label, number):
    assert (info.label, info.number(value)) == (label, number)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.0", "positive"), (0, "negative"), (0.5, "0.5"), (2, "2"), ("T1w", "T1w")],
)
def test_class_names_are_used_where_the_value_is_an_index(value, expected):
    assert Presentation(class_names=("negative", "positive")).class_name(value) == expected


def test_presentation_ignores_unknown_fields():
    assert Presentation.from_json({"unit": "Bq/ml", "later": 1}) == Presentation(unit="Bq/ml")
