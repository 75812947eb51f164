"""The plots of a report, each drawn for a light and for a dark page."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED
from taskgan_ext.keys import LOSS
from taskgan_ext.report.matplotlib_agg import load_matplotlib
from taskgan_ext.report.pictures import png_uri
from taskgan_ext.report.results import Results

Axes = Any  # matplotlib is optional and untyped

INK = {"light": "#1c2126", "dark": "#d9dde1"}
RULE = {"light": "#d5d9dd", "dark": "#3a4046"}
COLOURS = {
    "light": {INPUT: "#8a9199", RESTORED: "#0b5cad"},
    "dark": {INPUT: "#8f98a1", RESTORED: "#6db3f2"},
}
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
        Paired plots, agreement plots and training curves.
    """
    figures = []
    for name, info in results.metrics.items():
        restored = results.column(RESTORED, name)
        if info.plot == "paired" and results.column(INPUT, name).keys() & restored.keys():
            text = f"{info.label} of each case, input to restored. Sorted by the restored value."
            figures.append(_figure(f"{info.title} by case", text, _paired(results, name)))
        if info.plot == "agreement" and results.column(REFERENCE, name).keys() & restored.keys():
            text = f"{info.label} of input and restored against the reference; on the line they agree."
            figures.append(_figure(f"{info.title}, agreement", text, _agreement(results, name)))
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


def _figure(title: str, text: str, draw: Callable[[Axes, str], None]) -> Figure:
    return Figure(title, text, _render(draw, "light"), _render(draw, "dark"))


def _render(draw: Callable[[Axes, str], None], theme: str) -> str:
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


def _paired(results: Results, name: str) -> Callable[[Axes, str], None]:
    before, after = results.column(INPUT, name), results.column(RESTORED, name)
    cases = sorted(before.keys() & after.keys(), key=lambda case: (after[case], case))
    factor = 100.0 if results.metrics[name].percent else 1.0
    low, high = (factor * np.array([values[case] for case in cases]) for values in (before, after))

    def draw(axes: Axes, theme: str) -> None:
        colours = COLOURS[theme]
        positions = np.arange(len(cases))
        axes.vlines(positions, low, high, color=RULE[theme], linewidth=2.0)
        axes.plot(positions, low, "o", color=colours[INPUT], markersize=5, label=INPUT)
        axes.plot(positions, high, "o", color=colours[RESTORED], markersize=5, label=RESTORED)
        axes.set_xticks(positions[:0] if len(cases) > 24 else positions)
        axes.set_xticklabels([] if len(cases) > 24 else cases, rotation=45, ha="right", fontsize=7.5)
        axes.set_xlim(-0.6, len(cases) - 0.4)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(results.metrics[name].label)
        _legend(axes)

    return draw


def _agreement(results: Results, name: str) -> Callable[[Axes, str], None]:
    reference = results.column(REFERENCE, name)

    def draw(axes: Axes, theme: str) -> None:
        for arm, marker in ((INPUT, "o"), (RESTORED, "D")):
            values = results.column(arm, name)
            cases = sorted(values.keys() & reference.keys())
            colour = COLOURS[theme][arm]
            x, y = ([source[case] for case in cases] for source in (reference, values))
            face = "none" if arm == INPUT else colour
            axes.plot(x, y, marker, color=colour, markerfacecolor=face, markersize=5, label=arm)
        ends = [min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])]
        axes.plot(ends, ends, color=INK[theme], linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.set(xlim=ends, ylim=ends, box_aspect=1)
        axes.set_xlabel(f"reference: {results.metrics[name].label}")
        axes.set_ylabel(results.metrics[name].label)
        _legend(axes)

    return draw


def _curves(results: Results, names: list[str], *, log: bool) -> Callable[[Axes, str], None]:
    def draw(axes: Axes, theme: str) -> None:
        for number, name in enumerate(names):
            values = np.array(results.history[name])
            epochs = np.array(results.history.get("epoch", list(range(1, len(values) + 1))))
            there = np.isfinite(values)
            colour = COLOURS[theme][RESTORED] if len(names) == 1 else CYCLE[number % len(CYCLE)]
            axes.plot(epochs[there], values[there], color=colour, linewidth=1.4, label=_short(name))
        if log and all(
            value > 0 for name in names for value in results.history[name] if math.isfinite(value)
        ):
            axes.set_yscale("log")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        if len(names) > 1:
            _legend(axes)

    return draw


def _short(name: str) -> str:
    return name.removeprefix(f"{LOSS}_").replace("_", " ") if name != LOSS else "total"


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _drawable(results: Results, name: str) -> bool:
    return bool(np.isfinite(results.history[name]).any())
