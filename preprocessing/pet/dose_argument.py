"""Doses on the command line."""

import argparse


def parse_doses(text: str) -> tuple[float, ...]:
    """Parse ``0.01,0.05``.

    Args:
        text: fractions, separated by commas.

    Returns:
        Each of them once, increasing.

    Raises:
        ArgumentTypeError: it holds something else.
    """
    try:
        return tuple(sorted({float(dose) for dose in text.split(",")}))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected fractions such as 0.01,0.05, got {text!r}") from None
