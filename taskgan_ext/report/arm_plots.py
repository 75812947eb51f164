"""Plots that compare arms over cases; each function gives one that draws on axes for a light or dark page."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED
from taskgan_ext.report.results import Results

Axes = Any  # matplotlib is optional and untyped
Draw = Callable[[Axes, str], None]
"""Draws on axes in a theme, ``light`` or ``dark``."""

INK = {"light": "#1c2126", "dark": "#d9dde1"}
RULE = {"light": "#d5d9dd", "dark": "#3a4046"}
COLOURS = {
    "light": {INPUT: "#8a9199", RESTORED: "#0b5cad", REFERENCE: INK["light"]},
    "dark": {INPUT: "#8f98a1", RESTORED: "#6db3f2", REFERENCE: INK["dark"]},
}
# Orange, green, purple, olive: beside grey and blue, and three times as bright or dark as the page at least.
COMPARISON_COLOURS = {
    "light": ["#b85c00", "#007d5c", "#a04585", "#7d6b00"],
    "dark": ["#f0a04b", "#45c9a0", "#e191c4", "#d6c24a"],
}
MARKERS = {INPUT: "o", RESTORED: "D"}
COMPARISON_MARKERS = ["s", "^", "v", "P"]
MOST_NAMED_CASES = 24


def arm_colours(arms: Sequence[str], theme: str) -> dict[str, str]:
    """Colour of each arm; comparisons take theirs in order.

    Args:
        arms: the arms.
        theme: ``light`` or ``dark``.

    Returns:
        Hexadecimal colour by arm.
    """
    return _styles(arms, COLOURS[theme], COMPARISON_COLOURS[theme])


def draw_paired(results: Results, name: str, arms: Sequence[str]) -> Draw:
    """Draw the arms of each case above one another, joined by a line, sorted by the restored value.

    Args:
        results: content of an evaluation folder.
        name: the metric.
        arms: the arms, restored last.

    Returns:
        The function that draws.
    """
    columns = [results.column(arm, name) for arm in arms]
    cases = sorted(set.intersection(*map(set, columns)), key=lambda case: (columns[-1][case], case))
    values = _factor(results, name) * np.array([[column[case] for case in cases] for column in columns])

    def draw(axes: Axes, theme: str) -> None:
        colours, markers = arm_colours(arms, theme), _markers(arms)
        positions = np.arange(len(cases))
        axes.vlines(positions, values.min(axis=0), values.max(axis=0), color=RULE[theme], linewidth=2.0)
        for arm, row in zip(arms, values, strict=True):
            axes.plot(positions, row, markers[arm], color=colours[arm], markersize=5, label=arm)
        named = len(cases) <= MOST_NAMED_CASES
        axes.set_xticks(positions if named else [])
        axes.set_xticklabels(cases if named else [], rotation=45, ha="right", fontsize=7.5)
        axes.set_xlim(-0.6, len(cases) - 0.4)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(results.metrics[name].label)
        draw_legend(axes)

    return draw


def draw_agreement(results: Results, name: str, arms: Sequence[str]) -> Draw:
    """Draw the value of each arm over that of the reference, with the line where they agree.

    Args:
        results: content of an evaluation folder.
        name: the metric.
        arms: the arms.

    Returns:
        The function that draws.
    """
    reference = results.column(REFERENCE, name)
    factor = _factor(results, name)

    def draw(axes: Axes, theme: str) -> None:
        colours, markers = arm_colours(arms, theme), _markers(arms)
        for arm in arms:
            values = results.column(arm, name)
            cases = sorted(values.keys() & reference.keys())
            x, y = (factor * np.array([source[case] for case in cases]) for source in (reference, values))
            face = colours[arm] if arm == RESTORED else "none"
            axes.plot(x, y, markers[arm], color=colours[arm], markerfacecolor=face, markersize=5, label=arm)
        ends = [min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])]
        axes.plot(ends, ends, color=INK[theme], linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.set(xlim=ends, ylim=ends, box_aspect=1)
        axes.set_xlabel(f"reference: {results.metrics[name].label}")
        axes.set_ylabel(results.metrics[name].label)
        draw_legend(axes)

    return draw


def draw_strips(results: Results, name: str, arms: Sequence[str]) -> Draw:
    """Draw every case as a dot, groups side by side, and mean and confidence interval of each arm.

    Args:
        results: content of an evaluation folder.
        name: the metric.
        arms: the arms.

    Returns:
        The function that draws.
    """
    factor = _factor(results, name)
    groups = results.group_names
    summary = {(row.group, row.arm): row for row in results.summary if row.metric == name}
    step = 0.75 / len(arms)

    def draw(axes: Axes, theme: str) -> None:
        colours, markers = arm_colours(arms, theme), _markers(arms)
        for number, arm in enumerate(arms):
            offset = step * (number - (len(arms) - 1) / 2)
            column = results.column(arm, name)
            x = [groups.index(results.groups[case]) + offset - step / 4 for case in column]
            y = factor * np.array(list(column.values()))
            axes.plot(x, y, ".", color=colours[arm], markersize=4.5, alpha=0.6, markeredgewidth=0)
            rows = [(place + offset, summary.get((group, arm))) for place, group in enumerate(groups)]
            there = [(place, row) for place, row in rows if row is not None]
            places, means, lows, highs = np.array(
                [(place, *(factor * end for end in (row.mean, row.low, row.high))) for place, row in there]
            ).T
            axes.vlines(places, lows, highs, color=colours[arm], linewidth=1.2)
            axes.plot(places, means, markers[arm], color=colours[arm], markersize=4, label=arm)
        axes.set_xticks(np.arange(len(groups)), groups, rotation=30 if len(groups) > 4 else 0)
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(results.metrics[name].label)
        draw_legend(axes)

    return draw


def draw_legend(axes: Axes) -> None:
    """Put the names of what is drawn above the axes.

    Args:
        axes: where to draw.
    """
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _markers(arms: Sequence[str]) -> dict[str, str]:
    return _styles(arms, MARKERS, COMPARISON_MARKERS)


def _styles(arms: Sequence[str], fixed: dict[str, str], others: Sequence[str]) -> dict[str, str]:
    comparisons = [arm for arm in arms if arm not in fixed]
    styles = fixed | {arm: others[number % len(others)] for number, arm in enumerate(comparisons)}
    return {arm: styles[arm] for arm in arms}


def _factor(results: Results, name: str) -> float:
    return 100.0 if results.metrics[name].percent else 1.0
