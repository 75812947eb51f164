"""Count rates for people: a few lines of text, or a picture."""

from pathlib import Path
from typing import Any

import numpy as np

from preprocessing.pet.listmode.count_rate import CountRate
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.optional_package import load_optional

_ROWS = 20
_WIDTH = 40
_BINS_OF_PICTURE = 400


def draw_rate(rate: CountRate) -> list[str]:
    """Draw counts over time, a line for each span of time.

    Args:
        rate: the counts.

    Returns:
        At most 21 lines; full blocks are prompts without the share of the delayeds, light ones that share.
    """
    width, prompts, delayeds = rate.curve(_ROWS)
    most = max(int(prompts.max(initial=0)), 1)
    lines = [f"{'from':>9}  {'prompts':>11}  {'delayeds':>11}"]
    for index, (prompt, delayed) in enumerate(zip(prompts.tolist(), delayeds.tolist(), strict=True)):
        total = round(_WIDTH * prompt / most)
        light = min(total, round(_WIDTH * delayed / most))
        bar = "\N{FULL BLOCK}" * (total - light) + "\N{LIGHT SHADE}" * light
        lines.append(f"{index * width / 1000:>7.7g} s  {prompt:>11}  {delayed:>11}  {bar}")
    return lines


def check_picture(path: Path) -> None:
    """Check that a picture of count rates can be written under a name, before the long work.

    Args:
        path: the picture; its suffix decides on the format.

    Raises:
        ConfigError: no picture has such a suffix.
        DependencyError: matplotlib is not installed.
    """
    known = _figure_module().Figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise ConfigError(
            f"{path}: expected a picture, with a suffix among {', '.join(sorted(known))}; .png is a good one"
        )


def save_rate_chart(rate: CountRate, path: Path, title: str) -> None:
    """Write a picture of count rates over time.

    Args:
        rate: the counts.
        path: the picture, which passed ``check_picture``.
        title: above the picture.

    Raises:
        DependencyError: matplotlib is not installed.
    """
    width, prompts, delayeds = rate.curve(_BINS_OF_PICTURE)
    figure = _figure_module().Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.add_subplot()
    edges = np.arange(prompts.size + 1) * width / 1000
    for counts, name, colour in ((prompts, "prompts", "C0"), (delayeds, "delayeds", "C1")):
        axes.stairs(counts / width, edges, label=name, color=colour)
    axes.set(xlabel="time (s)", ylabel="thousand counts per second", title=title)
    axes.set_ylim(bottom=0)
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _figure_module() -> Any:  # noqa: ANN401 - an optional package
    return load_optional("matplotlib.figure", "a picture of count rates", "taskgan-ext[pet]")
