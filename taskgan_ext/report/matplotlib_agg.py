"""Matplotlib, loaded when the first figure is drawn."""

from types import ModuleType

from taskgan_ext.errors import DependencyError


def load_matplotlib() -> ModuleType:
    """Load pyplot with the Agg backend, which draws without a screen.

    Returns:
        ``matplotlib.pyplot``.

    Raises:
        DependencyError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  # optional package

        mpl.use("Agg")
        import matplotlib.pyplot as plt  # noqa: PLC0415
    except ImportError:
        raise DependencyError(
            'the figures of a report need matplotlib; install it with: pip install "taskgan-ext[report]"'
        ) from None
    return plt  # type: ignore[no-any-return, unused-ignore]
