"""The dose fraction of a thinned file, from the report that lies beside it."""

from pathlib import Path

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json


def dose_of_file(path: Path, digest: str) -> float | None:
    """Look for the report of ``pet thin``: ``NAME.json`` beside ``NAME.l`` or ``NAME.petsird``.

    Args:
        path: the list-mode file.
        digest: its SHA-256; a report of another file of that name does not count.

    Returns:
        The dose fraction, key ``dose`` of the report; None without a report.

    Raises:
        ConfigError: there is a report that names a dose, and it is not that of this file.
    """
    report = path.with_suffix(".json")
    try:
        content = read_json(report)
    except DataError:
        return None
    dose = content.get("dose")
    if not isinstance(dose, int | float) or "source_sha256" not in content:
        return None
    if content.get("sha256") != digest or not 0 < dose <= 1:
        raise ConfigError(
            f"{report}: expected the report of {path.name}, but it belongs to another file; name the dose "
            "fraction with --dose (1 for a scan that was not thinned)"
        )
    return float(dose)
