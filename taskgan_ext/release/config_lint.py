"""Read the configuration of a bundle as text and refuse what could run code that nobody reviewed.

A configuration is a program: MONAI calls what ``_target_`` names and evaluates what begins with ``$``. This
check narrows what a bundle can name. It is no sandbox: who may write a bundle must be trusted, which is what
the SHA-256 of the manifest, given from outside, is for.
"""

import configparser
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.errors import BundleError
from taskgan_ext.release.allowed_expressions import constants, is_allowed_expression
from taskgan_ext.release.allowed_targets import is_allowed_target

_REFERENCE = re.compile(r"[@%](::|#)*\w+((::|#)\w+)*")
_LOCAL_PATH = re.compile(r"""(^|[\s'"=,;(])((/|~[/\\]|[A-Za-z]:[/\\]|\\\\)[\w.]|file:/)""")
_MODES = (None, "default", "callable", "partial")
# The classes and arguments of the logging.conf that the bundles share.
_LOGGING = {
    "class": re.compile(r"(logging\.)?(StreamHandler|NullHandler|Formatter)"),
    "args": re.compile(r"\((sys\.std(out|err),?)?\)"),
}


def lint_bundle(bundle: Path, paths: Sequence[str]) -> None:
    """Check every configuration of a bundle without evaluating anything.

    Args:
        bundle: its folder.
        paths: files below it, of which those of JSON and ``logging.conf`` are read.

    Raises:
        BundleError: names the file, the id and the text of everything that may not be there.
    """
    faults: list[str] = []
    for path in paths:
        if path.endswith(".json"):
            faults += [f"{path}: {fault}" for fault in lint_config(_read_json(bundle / path))]
        elif path.endswith(".conf"):
            faults += [f"{path}: {fault}" for fault in lint_logging((bundle / path).read_text("utf-8"))]
    if faults:
        raise BundleError(f"{bundle}: the configuration holds what a bundle may not: {'; '.join(faults)}")


def lint_config(content: Any) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """Find what a configuration may not hold.

    Args:
        content: parsed JSON.

    Returns:
        One line each for a ``_target_`` that is not reviewed (:mod:`.allowed_targets`), a ``$`` expression of
        another shape than the reviewed ones (:mod:`.allowed_expressions`), a macro that reads another file,
        a debugger, and a path of somebody's machine.
    """
    return [f"{where or 'top'}: {fault}" for where, fault in _faults(content, "")]


def lint_logging(text: str) -> list[str]:
    """Find what ``logging.conf`` may not hold; Python evaluates its classes and arguments.

    Args:
        text: the file.

    Returns:
        One line for each class, argument or other evaluated field that is not one of the reviewed ones.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return [f"cannot be parsed ({type(error).__name__})"]
    found = []
    for section in parser.sections():
        for key, value in parser.items(section):
            shape = _LOGGING.get(key)
            if key == "kwargs" or (shape and not shape.fullmatch(value)):
                found.append(f"[{section}] {key} = {value!r}")
    return found


def _faults(content: Any, where: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(content, dict):
        if "_target_" in content and not is_allowed_target(content["_target_"]):
            yield where, f"_target_ {content['_target_']!r}"
        if content.get("_mode_") not in _MODES:
            yield where, f"_mode_ {content['_mode_']!r}"
        for key, value in content.items():
            if key != "_target_":
                yield from _faults(value, f"{where}::{key}".removeprefix("::"))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _faults(value, f"{where}::{index}".removeprefix("::"))
    elif isinstance(content, str) and not _is_allowed_text(content):
        yield where, repr(content)


def _is_allowed_text(text: str) -> bool:
    if text.startswith("$"):
        return is_allowed_expression(text[1:]) and not any(map(_names_a_place, constants(text[1:])))
    if text.startswith(("@", "%")):
        return bool(_REFERENCE.fullmatch(text))
    return not _names_a_place(text)


def _names_a_place(text: str) -> bool:
    return bool(_LOCAL_PATH.search(text)) or ".." in re.split(r"[/\\]", text)


def _read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key occurs twice")
        return dict(pairs)

    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: expected JSON, but it cannot be parsed ({error})") from None
