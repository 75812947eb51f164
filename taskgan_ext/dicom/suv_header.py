"""Attributes that all slices of a series share, as SUV needs them: read strictly, refused by name."""

import math
import re
from collections.abc import MutableSequence, Sequence
from typing import cast

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.tag import Tag

from taskgan_ext.dicom.parser_faults import PARSER_FAULTS
from taskgan_ext.errors import RefusedSeries

DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
"""A decimal string, PS3.5 section 6.2; Python's ``float`` takes ``nan``, ``inf`` and ``1_000`` as well."""


def refusal(keyword: str, fault: str) -> RefusedSeries:
    """Make the refusal of a series for one attribute, named by keyword and number.

    Args:
        keyword: of the attribute.
        fault: what is wrong with it, such as ``is missing``.
    """
    number = Tag(tag_for_keyword(keyword) or 0)
    return RefusedSeries(
        "suv_tag_missing",
        f"SUV: {keyword} ({number.group:04X},{number.element:04X}) {fault}; export the series again with a "
        "valid value",
    )


def text_of(dataset: Dataset, keyword: str) -> str:
    """Give an attribute as text without padding, several values joined by a backslash; empty if missing.

    Args:
        dataset: of a slice, or an item of one of its sequences.
        keyword: of the attribute.

    Raises:
        RefusedSeries: ``suv_tag_missing``, its value cannot be read.
    """
    try:
        value = dataset.get(keyword)
    except PARSER_FAULTS:
        # pydicom converts a value when it is asked for.
        raise refusal(keyword, "cannot be read") from None
    if value is None:
        return ""
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return "\\".join(str(item).strip(" \0") for item in values)


def shared_text(datasets: Sequence[Dataset], keyword: str, needed: bool = False) -> str:
    """Give the text that all slices have; empty where none has one.

    Args:
        datasets: one for each slice.
        keyword: of the attribute.
        needed: refuse a series without it.

    Raises:
        RefusedSeries: ``suv_tag_missing``, slices differ, or the attribute is needed and missing.
    """
    texts = {text_of(dataset, keyword) for dataset in datasets}
    if len(texts) > 1:
        raise refusal(keyword, "is not the same in all slices")
    text = texts.pop()
    if needed and not text:
        raise refusal(keyword, "is missing")
    return text


def shared_number(
    datasets: Sequence[Dataset], keyword: str, low: float = 0.0, high: float = math.inf
) -> float:
    """Give the positive number that all slices have.

    Args:
        datasets: one for each slice.
        keyword: of the attribute.
        low: smallest number that is possible.
        high: largest one.

    Raises:
        RefusedSeries: ``suv_tag_missing``, the attribute is missing, differs between slices, or is no finite
            positive number between the limits.
    """
    texts = {text_of(dataset, keyword) for dataset in datasets}
    if "" in texts:
        raise refusal(keyword, "is missing")
    numbers = {number_in(text) for text in texts}
    number = min(numbers, key=lambda value: -1.0 if value is None else value)
    if number is None or not 0 < number < math.inf:
        raise refusal(keyword, "is no positive number")
    if len(numbers) > 1:
        raise refusal(keyword, "is not the same in all slices")
    if not low <= number <= high:
        raise refusal(keyword, f"is impossible, expected a number from {low:g} to {high:g}")
    return number


def number_in(text: str) -> float | None:
    """Read a decimal string; ``None`` where it is none, or too large for a number.

    Args:
        text: without padding.
    """
    number = float(text) if DECIMAL.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def tracers(headers: Sequence[Dataset]) -> list[Dataset]:
    """Give the item of RadiopharmaceuticalInformationSequence of each slice (PS3.3 C.8.9.2).

    Args:
        headers: one for each slice.

    Raises:
        RefusedSeries: ``suv_tag_missing``, a slice has none or several.
    """
    keyword = "RadiopharmaceuticalInformationSequence"
    return [_tracer(header, keyword) for header in headers]


def _tracer(header: Dataset, keyword: str) -> Dataset:
    try:
        items = header.get(keyword) or []
    except PARSER_FAULTS:
        raise refusal(keyword, "cannot be read") from None
    if not isinstance(items, MutableSequence) or not items:
        raise refusal(keyword, "is missing")
    if len(items) > 1:
        raise refusal(keyword, "names several tracers, and SUV is that of one")
    return cast(Dataset, items[0])
