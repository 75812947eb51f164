"""Columns instead of the paths that they hold: folders are often named after patients."""

from collections.abc import Iterator, Mapping
from pathlib import Path


def column_of(text: str, inputs: Mapping[str, Path]) -> str:
    """Find the column whose file or folder a text is about.

    Args:
        text: such as the reason of a refusal.
        inputs: column to path.

    Returns:
        The column whose path stands first; empty where there is none.
    """
    places = [(text.find(path), -len(path), column) for column, path in _spellings(inputs) if path in text]
    return min(places)[2] if places else ""


def without_paths(text: str, inputs: Mapping[str, Path]) -> str:
    """Put the names of columns in the place of paths.

    Args:
        text: for people.
        inputs: column to path.
    """
    for column, path in sorted(_spellings(inputs), key=lambda spelling: -len(spelling[1])):
        text = text.replace(path, f"[{column}]")
    return text


def _spellings(inputs: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    for column, path in inputs.items():
        yield from ((column, text) for text in {str(path), str(path.absolute()), str(path.resolve())})
