"""One DICOM image: its header, where its pixels lie, and its elements as texts and numbers."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from taskgan_ext.dicom.file_structure import PixelElement
from taskgan_ext.dicom.parser_faults import refusing
from taskgan_ext.errors import RefusedSeries

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""Decimal strings of PS3.5 section 6.2; Python's float takes more, such as NaN and underscores."""


@dataclass(frozen=True)
class DicomFile:
    """One DICOM image.

    Attributes:
        path: its file.
        header: all of its elements but the pixels.
        syntax: UID of the transfer syntax.
        pixels: where they lie in the file; ``None`` where there are none.
        frame: number of the frame of an enhanced object, from 1; ``None`` for a classic image.
    """

    path: Path
    header: Dataset
    syntax: str = ""
    pixels: PixelElement | None = None
    frame: int | None = None

    def __str__(self) -> str:
        # Descriptions are free text, in which sites write names.
        number = self.texts("SeriesNumber")
        told = number[0] if number and _DECIMAL.fullmatch(number[0]) else "without number"
        frame = "" if self.frame is None else f", frame {self.frame}"
        return f"{self.path.name} (series {told}{frame})"

    def text(self, keyword: str) -> str:
        """An element as text, several values joined by a backslash; empty where it is missing."""
        return "\\".join(self.texts(keyword))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """The values of an element as text; none where it is missing.

        Raises:
            RefusedSeries: it cannot be parsed.
        """
        with refusing(self.path, f"the value of {keyword} cannot be read"):
            value = self.header.get(keyword)
            if value is None or value == "":
                return ()
            several = hasattr(value, "__iter__") and not isinstance(value, (str, int, float))
            return tuple(str(item).strip(" \0") for item in (value if several else [value]))

    def number(self, keyword: str, code: str = "number_invalid") -> float | None:
        """An element as one number; ``None`` where it is missing or empty.

        Args:
            keyword: of the element.
            code: of the refusal.

        Raises:
            RefusedSeries: it is no single finite number.
        """
        if not self.texts(keyword):
            return None
        return float(self.numbers(keyword, 1, code)[0])

    def numbers(self, keyword: str, count: int, code: str = "number_invalid") -> NDArray[np.float64]:
        """An element as ``count`` numbers.

        Args:
            keyword: of the element.
            count: of its values.
            code: of the refusal.

        Raises:
            RefusedSeries: it is missing, or is anything else than ``count`` finite numbers.
        """
        values = [float(text) if _DECIMAL.fullmatch(text) else np.nan for text in self.texts(keyword)]
        if len(values) != count or not np.isfinite(values).all():
            got = ", ".join(f"{value:g}" for value in values[:9])
            raise RefusedSeries(
                code,
                f"{self.path}: expected {count} finite number{'s' * (count > 1)} in {keyword}, "
                f"got {got or 'nothing'}",
            )
        return np.array(values, dtype=np.float64)
