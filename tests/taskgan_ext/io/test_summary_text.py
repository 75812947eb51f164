import math

import pytest

from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow
from taskgan_ext.io.summary_text import format_summary, group_cells, summary_cell, summary_cells

METRICS = {
    "psnr": MetricInfo("PSNR", "", unit="dB", digits=2, headline=True),
    "error": MetricInfo("Wrong decisions", "", digits=0, percent=True, counted=True, headline=True),
    "slope": MetricInfo("Slope", "", digits=2, headline=True),
    "score": MetricInfo("Score", ""),
    "absent": MetricInfo("Absent", "", headline=True),
}
SUMMARY = [
    SummaryRow("input", "psnr", 17.4321, 0.5, 10),
    SummaryRow("restored", "psnr", 26.0, 1.25, 10),
    SummaryRow("reference", "error", 0.2, 0.42, 10),
    SummaryRow("restored", "slope", 0.71, math.nan, 10),
    SummaryRow("input", "score", 0.5, 0.1, 10),
]


def test_table_is_aligned_and_complete():
    assert format_summary(SUMMARY, METRICS).splitlines() == [
        "                            input      restored  reference",
        "PSNR (dB)            17.43 ± 0.50  26.00 ± 1.25",
        "Wrong decisions (%)                              20 (2/10)",
        "Slope                                      0.71",
    ]


def test_other_metrics_only_on_request():
    assert "score" not in summary_cells(SUMMARY, METRICS)
    assert summary_cells(SUMMARY, METRICS, headline=False)["score"] == {"input": "0.500 ± 0.100"}


def test_nothing_measured_gives_only_the_head():
    assert format_summary([], METRICS).strip() == ""


def grouped_summary():
    """Two groups, a comparison whose name sorts last, and a lesion metric that one group has."""
    rows = [
        SummaryRow(
            arm, "psnr", value + shift, 1.0, n, group=group, low=value + shift - 1, high=value + shift + 1
        )
        for group, shift, n in (("", 0, 4), ("T2w", 1, 2), ("PDw", -1, 2))
        for arm, value in (("tuned", 18.0), ("restored", 20.0))
    ]
    return [*rows, SummaryRow("restored", "error", 0.5, 0.7, 2, group="PDw")]


def test_groups_follow_as_a_table_of_the_first_headline_metric():
    assert format_summary(grouped_summary(), METRICS).splitlines() == [
        "                  tuned      restored",
        "PSNR (dB)  18.00 ± 1.00  20.00 ± 1.00",
        "",
        "PSNR (dB)  tuned  restored",
        "T2w        19.00     21.00",
        "PDw        17.00     19.00",
    ]


def test_the_means_over_all_cases_hold_no_group():
    assert summary_cells(grouped_summary(), METRICS) == {
        "psnr": {"tuned": "18.00 ± 1.00", "restored": "20.00 ± 1.00"}
    }
    assert group_cells(grouped_summary(), "error", METRICS["error"]) == {"PDw": {"restored": "50 (1/2)"}}


@pytest.mark.parametrize(
    ("row", "metric", "spread", "expected"),
    [
        (SummaryRow("a", "psnr", 20, 1, 4, low=19, high=21.5), "psnr", "interval", "20.00 [19.00, 21.50]"),
        (SummaryRow("a", "psnr", 20, 1, 2), "psnr", "interval", "20.00 ± 1.00"),
        (SummaryRow("a", "psnr", 20, 1, 4, low=19, high=21.5), "psnr", "", "20.00"),
        (SummaryRow("a", "error", 0.25, 0.5, 4, low=0, high=0.5), "error", "interval", "25 (1/4) [0, 50]"),
        (SummaryRow("a", "error", 0.0, 0.0, 4, low=0, high=0), "error", "interval", "0 (0/4)"),
        (SummaryRow("a", "error", 0.25, 0.5, 4), "error", "interval", "25 (1/4)"),
        (SummaryRow("a", "slope", 0.5, math.nan, 4), "slope", "interval", "0.50"),
    ],
)
def test_a_mean_is_printed_with_the_spread_that_there_is(row, metric, spread, expected):
    assert summary_cell(row, METRICS[metric], spread) == expected
