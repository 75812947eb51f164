"""The dose fraction of a thinned file, from the report that lies beside it."""

from pathlib import Path
from typing import Any

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256


def report_path(path: Path) -> Path:
    """Where ``pet thin`` puts the report of a copy: ``NAME.json`` beside ``NAME.l`` or ``NAME.petsird``.

    Args:
        path: the list-mode file.
    """
    return path.with_suffix(".json")


def dose_of_file(path: Path, digest: str) -> float | None:
    """Look for the report of ``pet thin``.

    Args:
        path: the list-mode file.
        digest: its SHA-256; a report of another file of that name does not count.

    Returns:
        The dose fraction, key ``dose`` of the report; None without a report.

    Raises:
        ConfigError: there is a report that names a dose, and it is not that of this file.
    """
    content = _find_report(path)
    if content is None:
        return None
    if content.get("sha256") != digest or not 0 < content["dose"] <= 1:
        raise ConfigError(
            f"{report_path(path)}: expected the report of {path.name}, but it belongs to another file; name "
            "the dose fraction with --dose (1 for a scan that was not thinned)"
        )
    return float(content["dose"])


def check_not_thinned(path: Path) -> None:
    """Refuse to thin what was thinned: the report of the second copy would not tell the dose of the scan.

    Args:
        path: the list-mode file.

    Raises:
        ConfigError: the report beside it says that it is a thinned copy.
    """
    content = _find_report(path)
    if content is not None and content["dose"] != 1 and content.get("sha256") == sha256(path):
        raise ConfigError(
            f"{path}: expected a full scan, but its report says that it holds {content['dose']:g} of one; "
            "thin the full scan, of which lower doses are parts of higher ones"
        )


def _find_report(path: Path) -> dict[str, Any] | None:
    try:
        content = read_json(report_path(path))
    except DataError:
        return None
    is_report = isinstance(content.get("dose"), int | float) and "source_sha256" in content
    return content if is_report else None
