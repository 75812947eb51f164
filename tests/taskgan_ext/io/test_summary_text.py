import math

from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow
from taskgan_ext.io.summary_text import format_summary, summary_cells

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
