"""Whether a bundle may restore a scan: its table in ``configs/clinical.json``, compared with the headers."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.orientations import io_orientation
from numpy.typing import NDArray
from pydicom import Dataset

from taskgan_ext.dicom.derived.loop_guard import is_derived_by_us
from taskgan_ext.errors import ConfigError, RefusedSeries

Range = tuple[float, float]


@dataclass(frozen=True)
class Applicability:
    """What a bundle was trained on, as far as headers tell.

    Attributes:
        modality: ``PT`` or ``MR``.
        units: values of Units (0054,1001) that are taken; none for MR.
        tracer_codes: ``scheme:value`` of RadiopharmaceuticalCodeSequence; none for MR.
        tracer_names: what may stand within Radiopharmaceutical or the meaning of its code, in lower case.
        voxel_mm: smallest and largest size along the axes nearest to right, anterior and superior.
        shape: smallest and largest number of voxels along the same axes.
    """

    modality: str
    units: Sequence[str]
    tracer_codes: Sequence[str]
    tracer_names: Sequence[str]
    voxel_mm: Sequence[Range]
    shape: Sequence[Range]

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """Read the table.

        Args:
            table: the content of ``applies_to``.

        Raises:
            ConfigError: an entry is missing or no possible value.
        """
        try:
            ranges = {name: [_range(each) for each in table[name]] for name in ("voxel_mm", "shape")}
            if table["modality"] not in {"PT", "MR"} or {len(each) for each in ranges.values()} != {3}:
                raise ValueError("of modality PT or MR, with three ranges for voxel_mm and shape")
            units, codes, names = (tuple(map(str, table.get(name, ()))) for name in _TEXTS)
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"clinical.json: expected a table applies_to, it is wrong ({error})") from None
        return cls(table["modality"], units, codes, names, ranges["voxel_mm"], ranges["shape"])

    def check(self, headers: Sequence[Dataset], units: str) -> None:
        """Compare the headers of a scan, before its pixels are read.

        Args:
            headers: of its images.
            units: of the values; empty for MR.

        Raises:
            RefusedSeries: ``modality_mismatch``; ``units_unsupported``; ``not_applicable``, it is a derived
                series or of another tracer.
        """
        if any(is_derived_by_us(header) for header in headers):
            raise RefusedSeries("not_applicable", "expected a scan, got a series that this software derived")
        header = headers[0]
        if str(header.get("Modality", "")) != self.modality:
            raise RefusedSeries("modality_mismatch", f"expected a series of Modality {self.modality}")
        if self.modality == "PT":
            if units not in self.units:
                raise RefusedSeries("units_unsupported", f"expected Units {', '.join(self.units)}")
            self._check_tracer(header)

    def check_grid(self, shape: Sequence[int], affine: NDArray[np.float64]) -> None:
        """Compare the grid of a scan.

        Args:
            shape: ``(X, Y, Z)``.
            affine: ``(4, 4)``, voxel index to RAS millimetres.

        Raises:
            RefusedSeries: ``not_applicable``, voxels or the field of view are unlike those of the training.
        """
        nearest = np.argsort(io_orientation(affine)[:, 0])
        found = {"voxel_mm": voxel_sizes(affine)[nearest], "shape": np.asarray(shape)[nearest]}
        for name, values in found.items():
            ranges: Sequence[Range] = getattr(self, name)
            for value, (low, high) in zip(values, ranges, strict=True):
                if not low <= value <= high:
                    raise RefusedSeries(
                        "not_applicable",
                        f"expected {name} from {[each[0] for each in ranges]} to "
                        f"{[each[1] for each in ranges]}, got {np.round(values, 2).tolist()}",
                    )

    def _check_tracer(self, header: Dataset) -> None:
        agents = header.get("RadiopharmaceuticalInformationSequence") or [Dataset()]
        codes = [code for agent in agents for code in agent.get("RadiopharmaceuticalCodeSequence") or ()]
        named = {f"{code.get('CodingSchemeDesignator')}:{code.get('CodeValue')}" for code in codes}
        if named & set(self.tracer_codes):
            return
        texts = [str(agent.get("Radiopharmaceutical") or "") for agent in agents]
        texts += [str(code.get("CodeMeaning") or "") for code in codes]
        words = " ".join(texts).lower()
        # A code that is none of the table outweighs whatever free text says.
        if codes and not any(re.search(rf"\b{re.escape(name)}\b", words) for name in self.tracer_names):
            raise RefusedSeries("not_applicable", "expected a tracer of the table, the code names another")
        if not any(re.search(rf"\b{re.escape(name)}\b", words) for name in self.tracer_names):
            raise RefusedSeries("not_applicable", "expected a tracer of the table, the header names none")


_TEXTS = ("units", "tracer_codes", "tracer_names")


def _range(value: Any) -> Range:  # noqa: ANN401 - whatever JSON holds
    low, high = (float(each) for each in value)
    if not (0 <= low <= high < math.inf):
        raise ValueError(f"a range of two numbers, the smaller one first, not {value}")
    return low, high
