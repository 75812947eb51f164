"""Which keys the configuration of a bundle may hold, and what may stand behind those that name programs."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from taskgan_ext.release.allowed_targets import is_allowed_target

# MONAI makes ids of keys, and text of ids: a key of another shape could end up in an expression.
_PART = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")
_SPECIAL = frozenset({"_desc_", "_disabled_", "_meta_", "_mode_", "_requires_", "_target_"})
_NAMED_CLASSES = ("reader", "writer")
_FIXED = {"weights_only": True, "allow_pickle": False, "_mode_": "default"}
_JUDGED = frozenset({"_target_", *_NAMED_CLASSES, *_FIXED})


def split_key(key: str, *, top: bool) -> list[str]:
    """Split a key as MONAI does.

    Args:
        key: of a table.
        top: whether the table is the whole file, where ``a::b`` and ``a#b`` lead into the tables below and
            ``+`` merges.

    Returns:
        Its parts; one where the table is not the whole file.
    """
    return key.removeprefix("+").replace("#", "::").split("::") if top else [key]


def is_allowed_key(parts: list[str]) -> bool:
    """Say whether a key has a reviewed shape.

    Args:
        parts: from :func:`split_key`.

    Returns:
        ``True`` for letters, digits and underscores, with dots and hyphens between them. Of the names that
        begin and end with an underscore only those are allowed that bundles need (``_debug_`` starts a
        debugger), and none leads below a judged one.
    """
    plain = all(_PART.fullmatch(part) and (part in _SPECIAL or not _is_special(part)) for part in parts)
    return plain and not _JUDGED & set(parts[:-1])


def is_allowed_value(name: str, value: Any, packages: Collection[str]) -> bool:  # noqa: ANN401 - as in JSON
    """Judge what stands behind a key by the name of the key.

    Args:
        name: last part of the key.
        value: parsed JSON.
        packages: as for :func:`.is_allowed_target`.

    Returns:
        Whether a ``_target_`` is reviewed, a reader or writer of images is a reviewed class (MONAI calls what
        it finds under that name), and nothing loads pickles or starts a debugger. Other names: ``True``.
    """
    if name == "_target_":
        return is_allowed_target(value, packages)
    if name in _NAMED_CLASSES:
        return _is_named_class(value, packages)
    return name not in _FIXED or (type(value), value) == (type(_FIXED[name]), _FIXED[name])


def _is_named_class(value: Any, packages: Collection[str]) -> bool:  # noqa: ANN401 - as in JSON
    if isinstance(value, list):
        return all(_is_named_class(each, packages) for each in value)
    name = value.get("_target_") if isinstance(value, Mapping) else value
    return value is None or (str(name).endswith(("Reader", "Writer")) and is_allowed_target(name, packages))


def _is_special(part: str) -> bool:
    return part.startswith("_") and part.endswith("_")
