"""What the names of NIfTI files tell: echo, part of the complex signal and dynamic."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taskgan_ext.mr.reader.component import Component
from taskgan_ext.mr.reader.nifti_array import stem_of

BIDS_NAME = re.compile(
    r"(?P<head>.+?)_acq-(?P<label>[0-9a-zA-Z]*?)TD(?P<dynamic>\d+)(?P<middle>(_[a-z]+-[0-9a-zA-Z]+)*?)"
    r"_echo-(?P<echo>\d+)(_part-(?P<part>mag|phase|real|imag))?_MESE"
)
"""Multi-echo spin echo of BIDS with the number of the delay, 1 the shortest, in the acquisition label."""
DCM2NIIX_NAME = re.compile(
    r"(?P<head>.+)_e(?P<echo>\d+)(_(?P<part>real|imaginary|ph))?(_t(?P<delay_ms>\d+))?"
)
"""What dcm2niix makes of an acquisition: one file for each echo and part, dynamics along the fourth axis, or
in files of their own that end in the trigger delay in ms."""
PARTS: Mapping[str | None, Component] = {
    None: "magnitude",
    "mag": "magnitude",
    "ph": "phase",
    "phase": "phase",
    "real": "real",
    "imag": "imaginary",
    "imaginary": "imaginary",
}


@dataclass(frozen=True)
class NamedPart:
    """One file of a set.

    Attributes:
        path: the file.
        head: what the names of one set share.
        echo: number of the echo.
        component: part of the complex signal.
        dynamic: number that ascends with the delay; ``None`` where the file holds all of them.
        delay: TD in s, where the name tells it.
    """

    path: Path
    head: str
    echo: int
    component: Component
    dynamic: int | None
    delay: float | None = None


def parse_name(path: Path) -> NamedPart | None:
    """Tell from its name which part of an acquisition a file is.

    Args:
        path: for example ``scan_e2_imaginary.nii.gz``, ``scan_e2_imaginary_t546.nii.gz`` or
            ``sub-01_acq-mdmeTD1_echo-1_part-real_MESE.nii.gz``.

    Returns:
        The part, or ``None`` for a name of another kind.
    """
    stem = stem_of(path)
    if found := BIDS_NAME.fullmatch(stem):
        head = f"{found['head']}_acq-{found['label']}{found['middle']}"
        return NamedPart(path, head, int(found["echo"]), PARTS[found["part"]], int(found["dynamic"]))
    if found := DCM2NIIX_NAME.fullmatch(stem):
        delay_ms = None if found["delay_ms"] is None else int(found["delay_ms"])
        return NamedPart(
            path,
            found["head"],
            int(found["echo"]),
            PARTS[found["part"]],
            dynamic=delay_ms,
            delay=None if delay_ms is None else delay_ms / 1000,
        )
    return None
