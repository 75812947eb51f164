"""How the cases of an evaluation are named and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Presentation:
    """Names, units and orientation that the report needs; they change no number.

    Attributes:
        title: heading of the report.
        property_name: what y is, for example "amyloid status".
        class_names: name of each class; empty shows the value of the property.
        unit: unit of the data, for example "Bq/ml".
        orientation: ``axial`` shows a slice of an RAS volume in the radiological manner (anterior up, the
            patient's right on the left); ``rows`` shows an image as stored, first axis downwards.
        colormap: matplotlib colour map of the images.
        preview_limit: number of cases whose middle slice is kept for the report.
    """

    title: str = "Evaluation"
    property_name: str = "property"
    class_names: Sequence[str] = ()
    unit: str = ""
    orientation: Literal["axial", "rows"] = "axial"
    colormap: str = "gray"
    preview_limit: int = 100

    def class_name(self, value: float | str) -> str:
        """Name of a property value.

        Args:
            value: the value, as a number or as text.

        Returns:
            The class name where the value is an index into ``class_names``, else the value itself.
        """
        try:
            index = float(value)
        except ValueError:
            return str(value)
        if index.is_integer() and 0 <= index < len(self.class_names):
            return self.class_names[int(index)]
        return f"{index:g}"

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> "Presentation":
        """Take the known fields out of a JSON object; unknown ones are ignored.

        Args:
            content: fields by name.

        Returns:
            The presentation.
        """
        known = {name: content[name] for name in cls.__dataclass_fields__ if name in content}
        return cls(**known)  # type: ignore[arg-type]  # values come from a file that this project wrote
