import numpy as np
import pytest
from matplotlib import pyplot as plt

from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.io.roc_file import RocCurve
from taskgan_ext.report.arm_plots import arm_colours
from taskgan_ext.report.results import Results
from taskgan_ext.report.roc_plots import draw_roc

ARMS = ("input", "GAN", "restored", "reference")


@pytest.fixture
def results():
    curves = [
        RocCurve("judge", arm, kind, (0, 0.2, 1), (0, 0.7, 1)) for kind in ("same", "cross") for arm in ARMS
    ]
    summary = [SummaryRow(arm, "judge_auc", 0.75, np.nan, 20, low=0.7, high=0.8125) for arm in ARMS[:3]]
    summary.append(SummaryRow("reference", "judge_auc", 1.0, np.nan, 20))
    metrics = {"judge_auc": MetricInfo("Judge: AUC", "Area.")}
    return Results([], summary, metrics, Presentation(), {}, curves=curves)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_arm_is_drawn_with_its_area(results, theme):
    figure, axes = plt.subplots()
    draw_roc(results, "judge", "same")(axes, theme)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [
        "input  AUC 0.750 [0.700, 0.812]",
        "GAN  AUC 0.750 [0.700, 0.812]",
        "restored  AUC 0.750 [0.700, 0.812]",
        "reference  AUC 1.000",
    ]
    lines = {line.get_label(): line for line in axes.get_lines()}
    for text, arm in zip(texts, ARMS, strict=True):
        np.testing.assert_allclose(lines[text].get_xydata(), [(0, 0), (0.2, 0.7), (1, 1)])
        assert lines[text].get_color() == arm_colours(ARMS, theme)[arm]
    plt.close(figure)
