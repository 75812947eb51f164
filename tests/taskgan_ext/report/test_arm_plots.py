import matplotlib.colors
import numpy as np
import pytest
from matplotlib import pyplot as plt

from taskgan_ext.report.arm_plots import arm_colours, draw_paired, draw_strips
from taskgan_ext.report.results import read_results

PAGE = {"light": "#ffffff", "dark": "#15181b"}
ARMS = ["input", "a", "b", "c", "d", "restored"]


def luminance(colour):
    """Relative luminance, WCAG 2.1."""
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", PAGE)
def test_every_arm_stands_out_from_the_page(theme):
    """Contrast of at least 3, which WCAG 2.1 asks of graphics."""
    page = luminance(PAGE[theme])
    for colour in arm_colours(ARMS, theme).values():
        low, high = sorted([page, luminance(colour)])
        assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("theme", PAGE)
def test_arms_have_colours_of_their_own(theme):
    colours = arm_colours(ARMS, theme)
    assert len(set(colours.values())) == len(ARMS)
    assert arm_colours(["a", "restored"], theme)["restored"] == colours["restored"]


@pytest.mark.parametrize("draw", [draw_paired, draw_strips])
def test_every_arm_is_named_and_drawn(grouped_dir, draw):
    results = read_results(grouped_dir)
    figure, axes = plt.subplots()
    draw(results, "psnr", ["tuned & slow", "restored"])(axes, "light")
    assert axes.get_legend_handles_labels()[1] == ["tuned & slow", "restored"]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert sorted(labels) == sorted(
        set(results.groups.values()) if draw is draw_strips else results.groups.keys()
    )
    plt.close(figure)
