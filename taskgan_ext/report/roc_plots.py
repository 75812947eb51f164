"""Plots of receiver operating characteristics, as Figure 2a of the paper."""

from taskgan_ext.io.roc_file import CROSS, SAME, RocCurve
from taskgan_ext.io.summary_text import summary_cell
from taskgan_ext.report.arm_plots import INK, Axes, Draw, arm_colours
from taskgan_ext.report.results import Results

KIND_TEXT = {
    SAME: ("same kind of image", "pairs of two images of the same arm"),
    CROSS: ("against references", "pairs of an image of the arm and a reference"),
}
"""Title and caption of each kind of pair."""


def draw_roc(results: Results, measure: str, kind: str) -> Draw:
    """Draw the curves of all arms, with the area under each in the legend.

    Args:
        results: content of an evaluation folder.
        measure: name of the recogniser.
        kind: kind of pair.

    Returns:
        The function that draws.
    """
    curves = [curve for curve in results.curves if (curve.measure, curve.kind) == (measure, kind)]

    def draw(axes: Axes, theme: str) -> None:
        colours = arm_colours([curve.arm for curve in curves], theme)
        for curve in curves:
            label = f"{curve.arm}  {_area(results, curve)}"
            axes.plot(
                curve.false_accept, curve.true_accept, color=colours[curve.arm], linewidth=1.4, label=label
            )
        axes.plot([0, 1], [0, 1], color=INK[theme], linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.set(xlim=(-0.01, 1), ylim=(0, 1.01), box_aspect=1)
        axes.set_xlabel("false accept rate")
        axes.set_ylabel("true accept rate")
        axes.legend(frameon=False, fontsize=7.5, loc="lower right")

    return draw


def _area(results: Results, curve: RocCurve) -> str:
    name = curve.area_metric
    rows = [row for row in results.summary if (row.group, row.arm, row.metric) == ("", curve.arm, name)]
    return f"AUC {summary_cell(rows[0], results.metrics[name], 'interval')}" if rows else ""
