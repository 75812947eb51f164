"""How the cases of an evaluation are named and shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taskgan_ext.io.evaluation_files import INPUT


@dataclass(frozen=True)
class Presentation:
    """Names, units, orientation and comparisons that the tables and the report need.

    Attributes:
        title: heading of the report.
        property_name: what y is, for example "amyloid status".
        class_names: name of each class; empty shows the value of the property.
        unit: unit of the data, for example "Bq/ml".
        orientation: ``axial`` shows a slice of an RAS volume in the radiological manner (anterior up, the
            patient's right on the left); ``picture`` is a photograph: first axis downwards, 0 black and 1
            white, three channels are red, green and blue.
        colormap: matplotlib colour map of the images.
        preview_limit: number of cases whose middle slice is kept for the report.
        comparisons: images of other methods that are measured and shown beside the restored one, such as the
            result of a physical model: name of the arm by key of the batch item, in the order of the tables.
        compare_input: whether the difference of the restored image to the input is tabled too, beside those
            to the comparisons.
        group_key: key of the batch item by whose value the cases are grouped, for example "contrast"; empty
            for no groups.
    """

    title: str = "Evaluation"
    property_name: str = "property"
    class_names: Sequence[str] = ()
    unit: str = ""
    orientation: Literal["axial", "picture"] = "axial"
    colormap: str = "gray"
    preview_limit: int = 100
    comparisons: Mapping[str, str] = field(default_factory=dict)
    compare_input: bool = False
    group_key: str = ""

    @property
    def compared_arms(self) -> list[str]:
        """The arms that the restored image is compared with, in the order of the tables."""
        return [INPUT] * self.compare_input + list(self.comparisons.values())

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

    def groups_of(self, rows: Iterable[Mapping[str, str | float]]) -> list[str]:
        """Groups of the cases: those named like a class in the order of the classes, then the others.

        Args:
            rows: rows of cases.csv.

        Returns:
            Names of the groups; empty without ``group_key``.
        """
        if not self.group_key:
            return []
        found = dict.fromkeys(str(row[self.group_key]) for row in rows)
        return [name for name in dict.fromkeys([*self.class_names, *found]) if name in found]

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
