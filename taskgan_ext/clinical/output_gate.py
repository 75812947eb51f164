"""Whether a restored volume may be shown: numbers within bounds, and the task network's decision kept."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from taskgan_ext.errors import ConfigError

FLAGS: Mapping[str, str] = {
    "activity_ratio": "the total over the body changed by more than the bundle allows",
    "peak_ratio": "the peak (99.9th percentile) changed by more than the bundle allows",
    "local_change": "somewhere the image changed by more than the bundle allows",
    "fit": "the maps leave more of the measured images unexplained than the bundle allows",
    "task_disagrees": "the task network decides otherwise on the restored image than on the input",
    "unread_files": "the folder holds files that cannot be read, which may be slices of this scan",
    "unlike_training": "times or voxels of the scan differ from those of the training",
}
"""What the gate can say of a restored volume."""


@dataclass(frozen=True)
class OutputGate:
    """Bounds of a bundle, from ``gate`` in its ``configs/clinical.json``.

    Attributes:
        bounds: name of a measure to its smallest and largest value.
        task_agreement: flag a decision of the task network that changes.
    """

    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    task_agreement: bool = False

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """Read the bounds.

        Args:
            table: the content of ``gate``.

        Raises:
            ConfigError: a measure is unknown or a bound is none.
        """
        known = set(FLAGS) - {"task_disagrees", "unread_files", "unlike_training"}
        try:
            pairs = {name: pair for name, pair in table.items() if name != "task_agreement"}
            bounds = {name: (float(low), float(high)) for name, (low, high) in pairs.items()}
            if not set(bounds) <= known or any(not low <= high for low, high in bounds.values()):
                raise ValueError(f"bounds for some of {', '.join(sorted(known))}")
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigError(f"clinical.json: expected a table gate, it is wrong ({error})") from None
        return cls(bounds, bool(table.get("task_agreement", False)))

    def flags(self, measures: Mapping[str, float], decisions: Sequence[int] = ()) -> tuple[str, ...]:
        """Say what is out of bounds.

        Args:
            measures: by name; those without a bound are not judged, and a bound without its measure is
                broken.
            decisions: of the task network, on the input and on the output; empty where there is none.

        Returns:
            Codes of ``FLAGS``.
        """
        found = [
            name
            for name, (low, high) in self.bounds.items()
            if not low <= measures.get(name, math.nan) <= high
        ]
        if self.task_agreement and len(set(decisions)) > 1:
            found.append("task_disagrees")
        return tuple(found)
