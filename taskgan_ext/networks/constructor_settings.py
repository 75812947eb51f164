"""Checks of what a configuration passes to the constructors of networks."""

from collections.abc import Sequence

from taskgan_ext.errors import ConfigError


def require_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Refuse a setting that is not among its choices.

    Args:
        name: the setting, for the message.
        value: what was given.
        choices: what is allowed.

    Raises:
        ConfigError: ``value`` is not one of ``choices``.
    """
    if value not in choices:
        raise ConfigError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")


def require_widths(name: str, widths: Sequence[int], minimum_levels: int = 1) -> tuple[int, ...]:
    """Refuse widths that describe no network, and make a list from JSON immutable.

    Args:
        name: the setting, for the message.
        widths: one positive integer per level.
        minimum_levels: how many levels there must be at least.

    Returns:
        The widths.

    Raises:
        ConfigError: there are too few levels or one has no width.
    """
    if len(widths) < minimum_levels or any(width < 1 for width in widths):
        raise ConfigError(
            f"{name}: expected at least {minimum_levels} positive integers, one per level, got {list(widths)}"
        )
    return tuple(widths)
