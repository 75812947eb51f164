"""Read the configuration of a bundle as text and refuse what could run code that nobody reviewed.

A configuration is a program: MONAI calls what ``_target_`` names and evaluates what begins with ``$``. This
check narrows what a bundle can name. It is no sandbox: who may write a bundle must be trusted, which is what
the SHA-256 of the manifest, given from outside, is for.
"""

import configparser
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.errors import BundleError
from taskgan_ext.release.allowed_expressions import constants, is_allowed_expression
from taskgan_ext.release.allowed_keys import is_allowed_key, is_allowed_value, split_key
from taskgan_ext.release.allowed_targets import check_packages

LINTED = (".json", ".conf")
"""How the names of files end that are read."""
# MONAI writes the keys above a relative reference into it; no bundle needs one.
_REFERENCE = re.compile(r"[@%]\w+((::|#)\w+)*")
_LOCAL_PATH = re.compile(r"""(^|[\s'"=,;(])((/|~[/\\]|[A-Za-z]:[/\\]|\\\\)[\w.]|file:/)""")
# The classes and arguments of the logging.conf that the bundles share; Python evaluates these fields.
_LOGGING = {
    "class": re.compile(r"(logging\.)?(StreamHandler|NullHandler|Formatter)"),
    "args": re.compile(r"\((sys\.std(out|err),?)?\)"),
}
_PLAIN_LOGGING = frozenset(
    {"keys", "level", "handlers", "qualname", "propagate", "formatter", "format", "datefmt", "style"}
)


def lint_bundle(bundle: Path, paths: Sequence[str], packages: Collection[str] = ()) -> None:
    """Check every configuration of a bundle without evaluating anything.

    Args:
        bundle: its folder.
        paths: files below it, of which those of JSON and ``logging.conf`` are read.
        packages: top-level packages of others whose classes and functions may be named.

    Raises:
        BundleError: names the file, the id and the text of everything that may not be there.
    """
    lint_texts(
        {path: (bundle / path).read_bytes() for path in paths if path.endswith(LINTED)}, str(bundle), packages
    )


def lint_texts(texts: Mapping[str, bytes], where: str, packages: Collection[str] = ()) -> None:
    """Check configurations that were read already.

    Args:
        texts: path below the bundle to what the file holds.
        where: the bundle, for messages.
        packages: as for :func:`lint_bundle`.

    Raises:
        BundleError: as for :func:`lint_bundle`.
    """
    check_packages(packages)
    faults: list[str] = []
    for path, content in texts.items():
        if path.endswith(".json"):
            found = lint_config(_parse(content, f"{where}/{path}"), packages)
        else:
            found = lint_logging(content.decode("utf-8", errors="replace"))
        faults += [f"{path}: {fault}" for fault in found]
    if faults:
        own = any(": _target_ " in fault for fault in faults)
        hint = "; a package that you trust is allowed with --allow-package NAME" if own else ""
        raise BundleError(
            f"{where}: the configuration holds what a bundle may not: {'; '.join(faults)}{hint}"
        )


def lint_config(content: Any, packages: Collection[str] = ()) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """Find what a configuration may not hold.

    Args:
        content: parsed JSON.
        packages: as for :func:`lint_bundle`.

    Returns:
        One line each for a key of a shape that bundles do not need, and for what may not stand behind a key
        (:mod:`.allowed_keys`); a ``_target_`` that is not reviewed (:mod:`.allowed_targets`); a ``$``
        expression of another shape than the reviewed ones (:mod:`.allowed_expressions`); a macro that reads
        another file, a relative reference, and a path of somebody's machine.
    """
    try:
        return [f"{where or 'top'}: {fault}" for where, fault in _faults(content, "", packages)]
    except RecursionError:
        return ["top: nested too deeply"]


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
            if not (shape.fullmatch(value) if shape else key in _PLAIN_LOGGING):
                found.append(f"[{section}] {key} = {value!r}")
    return found


def _faults(
    content: Any,  # noqa: ANN401 - whatever JSON holds
    where: str,
    packages: Collection[str],
) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        for key, value in content.items():
            parts = split_key(key, top=not where)
            place, name = _joined(where, *parts[:-1]), parts[-1]
            if not is_allowed_key(parts):
                yield where, f"key {key!r}"
            if not is_allowed_value(name, value, packages):
                yield place, f"{name} {value!r}"
            elif name != "_target_":
                yield from _faults(value, _joined(place, name), packages)
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _faults(value, _joined(where, str(index)), packages)
    elif isinstance(content, str) and not _is_allowed_text(content):
        yield where, repr(content)


def _joined(*parts: str) -> str:
    return "::".join(part for part in parts if part)


def _is_allowed_text(text: str) -> bool:
    if text.startswith("$"):
        return is_allowed_expression(text[1:]) and not any(map(_names_a_place, constants(text[1:])))
    if text.startswith(("@", "%")):
        return bool(_REFERENCE.fullmatch(text))
    return not _names_a_place(text)


def _names_a_place(text: str) -> bool:
    return bool(_LOCAL_PATH.search(text)) or ".." in re.split(r"[/\\]", text)


def _parse(content: bytes, where: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key occurs twice")
        return dict(pairs)

    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: expected JSON, but it cannot be parsed ({error})") from None
