"""Words for what a user has written wrong into a table."""

import difflib
from collections.abc import Iterable

_LONGEST = 60


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message: the known name that is nearest, where there is one.

    Args:
        name: what the user wrote.
        known: names that are possible.
    """
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=1)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""


def unknown_names(where: str, given: Iterable[str], known: Iterable[str]) -> list[str]:
    """One problem for each name that nobody knows.

    Args:
        where: start of the message.
        given: what the user wrote.
        known: names that are possible.
    """
    known = list(known)
    return [
        f"{where} {shown(name)} is not known{did_you_mean(name, known)}"
        for name in given
        if name not in known
    ]


def shown(value: object) -> str:
    """A value for a message, not longer than that may be.

    Args:
        value: what the user wrote.
    """
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
