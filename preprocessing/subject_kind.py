"""What the subjects of a folder are, for everything that imports and lists them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SubjectKind:
    """A kind of subjects that are imported one by one.

    Attributes:
        name: short name of a data list of them.
        description: one sentence about it.
        modality: for example ``PET``.
        property_info: what the property of an item means: ``name``, ``type`` and ``classes``.
        list_items: gives the items of a complete subject, by folder of the cohort and name.
        is_complete: tells whether a subject's sidecar and every file that it names are there.
    """

    name: str
    description: str
    modality: str
    property_info: Mapping[str, Any]
    list_items: Callable[[Path, str], list[dict[str, Any]]]
    is_complete: Callable[[Path, str], bool]
