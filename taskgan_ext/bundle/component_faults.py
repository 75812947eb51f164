"""What is wrong where a component of a configuration is missing or refuses what it is given."""

import difflib
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pydoc import locate
from types import TracebackType

from taskgan_ext.bundle.arguments import accepted_arguments
from taskgan_ext.bundle.command_line import read_command_line

UNEXPECTED = re.compile("got an unexpected keyword argument '(?P<name>[^']+)'")
MISSING = re.compile("missing .*required .*argument")
LIBRARIES = frozenset({"ignite", "monai", "numpy", "taskgan_ext", "torch"})
"""Packages whose components refuse settings on purpose: their traceback tells a user nothing."""


def missing_component(path: str) -> str:
    """Say what is wrong with a ``_target_`` that cannot be imported.

    Args:
        path: the target.
    """
    package = path.partition(".")[0]
    if "." not in path:
        return (
            f"_target_ {path!r} is no component of MONAI; components of other packages need their full path"
        )
    if find_spec(package) is None:
        return f"_target_ {path!r}: package {package!r} is not installed; install it with pip"
    parent, _, name = path.rpartition(".")
    return f"_target_ {path!r}: {parent} has no {name!r}{near(name, dir(locate(parent)))}"


def wrong_arguments(component: str, error: BaseException) -> str | None:
    """Say which arguments a component does not take, or lacks.

    Args:
        component: its full path; empty for none.
        error: what it raised.

    Returns:
        One line; ``None`` for another error.
    """
    text = str(error)
    # Python's own message begins with the callable, so that an error from deeper inside is told apart. A
    # class that passes arguments on to its parent fails there.
    parents = (each.__name__ for each in getattr(locate(component), "__mro__", ()))
    callables = [component.rpartition(".")[2], *parents] if component else []
    if not isinstance(error, TypeError) or not any(name in text for name in callables):
        return None
    found = UNEXPECTED.search(text)
    if found is None:
        return f"{component}: {text.partition('() ')[2]}" if MISSING.search(text) else None
    try:
        expected, _ = accepted_arguments(component)
    except (TypeError, ValueError):
        return f"{component}: {text}"
    advice = near(found["name"], expected) or f"; expected some of: {', '.join(expected)}"
    return f"{component} takes no {found['name']!r}{advice}"


def wrong_values(component: str, error: BaseException) -> str | None:
    """Say that a component refuses what it is given, and what the command line gives to it.

    Args:
        component: its full path; empty for none.
        error: what it raised.

    Returns:
        One line; ``None`` where a package that is not of ``LIBRARIES`` takes part.
    """
    if not component or not isinstance(error, TypeError | ValueError):
        return None
    if {component.partition(".")[0], _package_of(error.__traceback__)} - LIBRARIES:
        return None
    given = ", ".join(_given_to(component))
    kind, reason = type(error).__name__, str(error).partition("\n")[0]
    return (
        f"{component} cannot be built from the configuration: {kind}: {reason}"
        f"{'; correct ' + given if given else ''}"
    )


def near(name: str, valid: Iterable[str], mark: str = "") -> str:
    """Suggest names.

    Args:
        name: a name that is wrong.
        valid: those that are right.
        mark: set before each.

    Returns:
        A question in brackets; empty where none is near.
    """
    found = difflib.get_close_matches(name, sorted(valid), n=3)
    return f" (did you mean {' or '.join(mark + each for each in found)}?)" if found else ""


def _package_of(trace: TracebackType | None) -> str:
    """Name the package that raised an error."""
    package = ""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        trace = trace.tb_next
    return package


def _given_to(component: str) -> Iterator[str]:
    """Find the settings of the command line that the configuration gives to a component."""
    line = read_command_line(sys.argv)
    if line is None:
        return
    name = component.rpartition(".")[2]
    places = dict(_components(line.effective().get(), name))
    for id_, value in line.given.items():
        if any(id_.startswith(f"{place}::") or f"'@{id_}'" in str(parts) for place, parts in places.items()):
            yield f"--{id_} {value}"


def _components(content: object, name: str, place: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(content, dict):
        if str(content.get("_target_")).rpartition(".")[2] == name:
            yield place, content
        parts = list(content.items())
    else:
        parts = list(enumerate(content)) if isinstance(content, list) else []
    for key, value in parts:
        yield from _components(value, name, f"{place}::{key}" if place else str(key))
