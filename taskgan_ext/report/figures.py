"""The plots of a report, each drawn for a light and for a dark page."""

import io
import math
from dataclasses import dataclass

import numpy as np

from taskgan_ext.io.evaluation_files import REFERENCE, RESTORED, MetricInfo
from taskgan_ext.keys import LOSS
from taskgan_ext.report.arm_plots import (
    INK,
    RULE,
    Axes,
    Draw,
    arm_colours,
    draw_agreement,
    draw_legend,
    draw_paired,
    draw_strips,
)
from taskgan_ext.report.matplotlib_agg import load_matplotlib
from taskgan_ext.report.pictures import png_uri
from taskgan_ext.report.results import Results
from taskgan_ext.report.roc_plots import KIND_TEXT, draw_roc

# Okabe and Ito's palette without black: told apart by colour-blind readers on both backgrounds.
CYCLE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]


@dataclass(frozen=True)
class Figure:
    """A plot.

    Attributes:
        title: heading.
        text: what it shows, for the caption and for readers who cannot see it.
        light: PNG as data URI, for a light page.
        dark: the same for a dark page.
    """

    title: str
    text: str
    light: str
    dark: str


def draw_figures(results: Results) -> list[Figure]:
    """Draw the plots that the results allow.

    Args:
        results: content of an evaluation folder.

    Returns:
        ROC curves, plots of cases, by group where there are groups, agreement plots and training curves.
    """
    figures = _of_curves(results)
    figures += [
        figure for name, info in results.metrics.items() for figure in _of_metric(results, name, info)
    ]
    losses = [name for name in results.history if name.startswith(LOSS) and _drawable(results, name)]
    if losses:
        figures.append(
            _figure("Training losses", "Mean of each epoch, logarithmic.", _curves(results, losses, log=True))
        )
    validation = [name for name in results.history if name.startswith("val_") and _drawable(results, name)]
    for name in validation:
        metric = name.removeprefix("val_")
        title = results.metrics[metric].label if metric in results.metrics else _short(metric)
        figures.append(_figure(f"Validation: {title}", "By epoch.", _curves(results, [name], log=False)))
    return figures


def _of_curves(results: Results) -> list[Figure]:
    """A plot for each recogniser and kind of pair, as Figure 2a of the paper."""
    found = dict.fromkeys((curve.measure, curve.kind) for curve in results.curves)
    return [
        _figure(
            f"{measure.capitalize()}: verification, {KIND_TEXT[kind][0]}",
            f"ROC of {KIND_TEXT[kind][1]}. AUC with its 95 % confidence interval (bootstrap over people).",
            draw_roc(results, measure, kind),
        )
        for measure, kind in found
    ]


def _of_metric(results: Results, name: str, info: MetricInfo) -> list[Figure]:
    """The plot of a metric over cases; none where there is nothing to compare the restored image with."""
    restored = results.column(RESTORED, name).keys()
    others = [
        arm
        for arm in results.arms
        if arm not in (RESTORED, REFERENCE) and results.column(arm, name).keys() & restored
    ]
    arms = [*others, RESTORED]
    if info.plot == "agreement" and results.column(REFERENCE, name).keys() & restored:
        text = f"{info.label} of {' and '.join(arms)} against the reference; on the line they agree."
        return [_figure(f"{info.title}, agreement", text, draw_agreement(results, name, arms))]
    if info.plot == "paired" and others and results.groups:
        key = results.presentation.group_key
        text = f"{info.label} of every case by {key}, and the mean with its 95 % confidence interval."
        return [_figure(f"{info.title} by {key}", text, draw_strips(results, name, arms))]
    if info.plot == "paired" and others:
        text = f"{info.label} of each case, {' to '.join(arms)}. Sorted by the restored value."
        return [_figure(f"{info.title} by case", text, draw_paired(results, name, arms))]
    return []


def _figure(title: str, text: str, draw: Draw) -> Figure:
    return Figure(title, text, _render(draw, "light"), _render(draw, "dark"))


def _render(draw: Draw, theme: str) -> str:
    plt = load_matplotlib()
    style = {
        "font.size": 9,
        "text.color": INK[theme],
        "axes.labelcolor": INK[theme],
        "xtick.color": INK[theme],
        "ytick.color": INK[theme],
        "axes.edgecolor": RULE[theme],
        "grid.color": RULE[theme],
        "grid.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with plt.rc_context(style):
        figure, axes = plt.subplots(figsize=(4.6, 3.2), layout="constrained")
        axes.grid(visible=True, axis="both")
        axes.set_axisbelow(True)
        draw(axes, theme)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=160, transparent=True, metadata={"Software": None})
        plt.close(figure)
    return png_uri(buffer.getvalue())


def _curves(results: Results, names: list[str], *, log: bool) -> Draw:
    def draw(axes: Axes, theme: str) -> None:
        for number, name in enumerate(names):
            values = np.array(results.history[name])
            epochs = np.array(results.history.get("epoch", list(range(1, len(values) + 1))))
            there = np.isfinite(values)
            colour = (
                arm_colours([RESTORED], theme)[RESTORED] if len(names) == 1 else CYCLE[number % len(CYCLE)]
            )
            axes.plot(epochs[there], values[there], color=colour, linewidth=1.4, label=_short(name))
        if log and all(
            value > 0 for name in names for value in results.history[name] if math.isfinite(value)
        ):
            axes.set_yscale("log")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        if len(names) > 1:
            draw_legend(axes)

    return draw


def _short(name: str) -> str:
    return name.removeprefix(f"{LOSS}_").replace("_", " ") if name != LOSS else "total"


def _drawable(results: Results, name: str) -> bool:
    return bool(np.isfinite(results.history[name]).any())
