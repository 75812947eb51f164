"""What of a configuration may be told to others: settings, and neither places nor names."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from taskgan_ext.io.digest import short_digest

_PLACE_NAME = re.compile(r"(^|_)(dir|folder|path|root|uri|input|pairs|weights)$")
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{1,60}")
_REFERENCE = re.compile(r"[@%][A-Za-z0-9_:#.]+")
_DEVICE = re.compile(r"\$torch\.device\('(cpu|cuda(:\d+)?)'\)")
_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")
_LITERAL = re.compile(r"(\+\s*)?(?:'([^']*)'|\"([^\"]*)\")")
_SECRET_IDS = ("tracking_uri", "save_execute_config", "run_name", "experiment_name")


def clean_config(content: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Replace what may name a person, a computer or a place in a configuration by the name of its setting.

    A text that the bundle's own files hold stays, unless it is a path of this computer. Any other text came
    from the command line or from a file of the site: only references, devices and single words stay, the
    words where the bundle's own files have the setting too.

    Args:
        content: the executed configuration.
        known: the bundle's own configurations.

    Returns:
        The same structure; a text that was taken out became ``<name of the setting>``.
    """
    texts: set[str] = set()
    names: set[str] = set()
    for each in known:
        _collect(each, texts, names)
    return {
        name: _clean(value, name, texts, names) for name, value in content.items() if name not in _SECRET_IDS
    }


def clean_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Make parameters of a run: numbers and words as they are, a file by its fingerprint.

    Args:
        parameters: settings by name.

    Returns:
        Text by name.
    """
    return {name: _parameter(value) for name, value in parameters.items()}


def is_place(text: str) -> bool:
    """Tell whether a text of a configuration names a place of this computer.

    Args:
        text: a value, or an expression that begins with ``$``.

    Returns:
        True for an absolute path, one that begins with ``~``, and an expression with such a path that is not
        joined to a reference.
    """
    if not text.startswith("$"):
        return bool(_ABSOLUTE.match(text))
    return any(
        (not joined and _ABSOLUTE.match(single + double)) or ".." in single + double
        for joined, single, double in _LITERAL.findall(text)
    )


def _clean(value: Any, name: str, texts: set[str], names: set[str]) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, Mapping):
        return {inner: _clean(content, inner, texts, names) for inner, content in value.items()}
    if isinstance(value, list):
        return [_clean(each, name, texts, names) for each in value]
    return value if not isinstance(value, str) or _may_be_told(value, name, texts, names) else f"<{name}>"


def _may_be_told(text: str, name: str, texts: set[str], names: set[str]) -> bool:
    if not text or _REFERENCE.fullmatch(text) or _DEVICE.fullmatch(text):
        return True
    of_a_place = bool(_PLACE_NAME.search(name))
    if text in texts:
        return not is_place(text) and (not of_a_place or text.startswith("$"))
    return not of_a_place and name in names and _is_word(text)


def _is_word(text: str) -> bool:
    return bool(_WORD.fullmatch(text)) and not Path(text).exists()


def _collect(value: Any, texts: set[str], names: set[str]) -> None:  # noqa: ANN401  # JSON
    if isinstance(value, Mapping):
        names.update(value)
        for content in value.values():
            _collect(content, texts, names)
    elif isinstance(value, list):
        for content in value:
            _collect(content, texts, names)
    elif isinstance(value, str):
        texts.add(value)


def _parameter(value: Any) -> str:  # noqa: ANN401  # what a run was given
    if isinstance(value, str) and value:
        if Path(value).is_file():
            return f"sha256 {short_digest(Path(value))}"
        return value if _is_word(value) else "<text>"
    if isinstance(value, list | tuple | Mapping):
        return json.dumps(value) if not _texts_of(value) else "<texts>"
    return str(value)


def _texts_of(value: Any) -> set[str]:  # noqa: ANN401  # what a run was given
    texts: set[str] = set()
    _collect(list(value) if isinstance(value, tuple) else value, texts, set())
    return {text for text in texts if not _is_word(text)}
