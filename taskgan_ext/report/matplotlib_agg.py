"""Matplotlib, loaded when the first figure is drawn."""

from types import ModuleType

from taskgan_ext.io.optional_package import load_optional


def load_matplotlib() -> ModuleType:
    """Load pyplot with the Agg backend, which draws without a screen.

    Returns:
        ``matplotlib.pyplot``.

    Raises:
        DependencyError: matplotlib is not installed.
    """
    needed, extra = "the figures of a report", "taskgan-ext[report]"
    load_optional("matplotlib", needed, extra).use("Agg")
    return load_optional("matplotlib.pyplot", needed, extra)
