"""What a rule of Mercure asks of the processing step: ``task.json`` in the input folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskgan_ext.errors import ConfigError

TASK_FILE = "task.json"
REFUSALS = FAIL, DISCARD = "fail", "discard"
"""What to do when nothing is written."""
EXPECTED: Mapping[str, tuple[type, str]] = {
    "refusal": (str, f"one of {', '.join(REFUSALS)}"),
    "withhold_flagged": (bool, "true or false"),
    "uncertainty": (int, "a whole number"),
}


def read_settings(folder: Path) -> dict[str, Any]:
    """Read the settings of module and rule, which Mercure has put together.

    The rest of the file, which is about the patient, is left alone.

    Args:
        folder: of the input.

    Returns:
        Some of ``refusal``, ``withhold_flagged`` and ``uncertainty``; nothing where there is no file.

    Raises:
        ConfigError: the file is no task of one step, or a setting is unknown or has an impossible value. The
            message quotes nothing of it but the names of settings.
    """
    path = folder / TASK_FILE
    if not path.is_file():
        return {}
    try:
        process = json.loads(path.read_bytes())["process"]
        # Steps of a chain come one by one; a list is what a rule of one module may still be written as.
        (step,) = process if isinstance(process, list) else [process]
        settings = dict(step.get("settings") or {})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConfigError(f"{TASK_FILE}: expected a task of Mercure with one step of processing") from None
    unknown = set(settings) - set(EXPECTED)
    if unknown:
        raise ConfigError(
            f"{TASK_FILE}: expected settings among {', '.join(EXPECTED)}, found {', '.join(sorted(unknown))}"
        )
    for name, value in settings.items():
        kind, expected = EXPECTED[name]
        if type(value) is not kind or (name == "refusal" and value not in REFUSALS):
            raise ConfigError(f"{TASK_FILE}: expected {name} to be {expected}")
    return settings
