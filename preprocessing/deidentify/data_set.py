"""A data set and its sequences, element by element, by the rules of the profile."""

from collections import Counter
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from functools import partial

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import BaseTag

from preprocessing.deidentify.codes import known_code
from preprocessing.deidentify.element_values import texts_of, typed
from preprocessing.deidentify.private_elements import copy_private
from preprocessing.deidentify.profile import CODES, FILTERED, IMAGE_NUMBERS, ITEMS, KEPT_EMPTY, Rule
from preprocessing.deidentify.values import Disguise, date, date_time
from taskgan_ext.dicom.parser_faults import PARSER_FAULTS
from taskgan_ext.errors import RefusedSeries

PIXEL_DATA = 0x7FE00010
"""Copied by whoever writes files; headers are without it."""
Changes = Counter[tuple[str, str]]
"""How often an element, named by its place, was kept, replaced, shifted, emptied, removed or added."""


def clean_dataset(
    source: Dataset, rules: Mapping[str, Rule], disguise: Disguise, changes: Changes, place: str = ""
) -> Dataset:
    """Make a data set of what may stay of another one.

    Args:
        source: is not changed.
        rules: keyword to what becomes of its values; sequences have rules of their own.
        disguise: of the patient.
        changes: to count in.
        place: sequences that the data set is an item of, joined by dots and with one at the end.

    Raises:
        RefusedSeries: ``number_invalid``, a number without which it would be another image is none.
    """
    cleaned = Dataset()
    for tag in sorted(source.keys()):
        if tag == PIXEL_DATA or tag.is_private_creator:
            continue
        if tag.is_private:
            action = "removed" if place else copy_private(source, tag, cleaned, disguise)
        else:
            element, action = _Element(source, tag, disguise, changes, place).cleaned(rules)
            if element is not None:
                cleaned.add(element)
        changes[place + _name(tag), action] += 1
    return cleaned


class _Element:
    """One element of the standard."""

    def __init__(
        self, source: Dataset, tag: BaseTag, disguise: Disguise, changes: Changes, place: str
    ) -> None:
        self.source, self.tag, self.disguise, self.changes, self.place = source, tag, disguise, changes, place
        self.keyword = keyword_for_tag(tag)

    def cleaned(self, rules: Mapping[str, Rule]) -> tuple[DataElement | None, str]:
        """The element as it may stay, and what was done."""
        if self.keyword in CODES:
            return self._sequence(lambda item: self._code(item, CODES[self.keyword]))
        if self.keyword in ITEMS and not self.place:
            return self._sequence(lambda item: self._inside(item, ITEMS[self.keyword]))
        if self.keyword in rules:
            return self._by_rule(rules[self.keyword])
        return (None, "removed") if self.place else self._without_value()

    def _sequence(self, clean: Callable[[Dataset], Dataset | None]) -> tuple[DataElement | None, str]:
        element = self._read()
        if element is None or not isinstance(element.value, MutableSequence):
            return self._without_value()
        items = [item for item in map(clean, element.value) if item is not None]
        if not items and element.value:
            return self._without_value()
        return DataElement(self.tag, "SQ", items), "kept"

    def _code(self, item: Dataset, groups: Sequence[str]) -> Dataset | None:
        known = known_code(item, groups)
        if known is None:
            return None
        rules = {keyword: partial(_given, str(known[keyword].value)) for keyword in known.dir()}
        return self._inside(item, rules)

    def _inside(self, item: Dataset, rules: Mapping[str, Rule]) -> Dataset:
        return clean_dataset(item, rules, self.disguise, self.changes, f"{self.place}{self.keyword}.")

    def _by_rule(self, rule: Rule) -> tuple[DataElement | None, str]:
        element = self._read()
        texts = None if element is None else texts_of(element)
        if element is None or texts is None:
            return self._invalid()
        if not texts:
            return DataElement(self.tag, self._vr(), ""), "kept"
        found = [rule(self.keyword, text, self.disguise) for text in texts]
        left = [text for text in found if text is not None]
        if not left or (len(left) < len(texts) and self.keyword not in FILTERED):
            return self._invalid()
        vr = self._vr()
        values = typed(left, vr)
        if values is None:
            return self._invalid()
        action = "kept" if left == texts else "shifted" if rule in (date, date_time) else "replaced"
        return DataElement(self.tag, vr, values if len(values) > 1 else values[0]), action

    def _invalid(self) -> tuple[DataElement | None, str]:
        if self.keyword in IMAGE_NUMBERS:
            raise RefusedSeries(
                "number_invalid",
                f"expected a number in {self.keyword} of every image, got another value; export the series "
                "again",
            )
        return self._without_value()

    def _without_value(self) -> tuple[DataElement | None, str]:
        if self.keyword not in KEPT_EMPTY:
            return None, "removed"
        vr = dictionary_VR(self.tag)
        element = self._read()
        had_value = element is not None and not element.is_empty
        return DataElement(self.tag, vr, [] if vr == "SQ" else ""), "emptied" if had_value else "kept"

    def _read(self) -> DataElement | None:
        try:
            return self.source[self.tag]
        except PARSER_FAULTS:
            return None

    def _vr(self) -> str:
        vr = dictionary_VR(self.tag)
        if vr != "US or SS":
            return vr
        # PS3.5 section 6.2: such an element is of the kind of the pixels.
        return "SS" if str(self.source.get("PixelRepresentation", 0)) == "1" else "US"


def _given(value: str, _: str, __: str, ___: Disguise) -> str:
    return value


def _name(tag: BaseTag) -> str:
    if tag.is_private:
        return f"private ({tag.group:04X},xx{tag.element & 0xFF:02X})"
    return keyword_for_tag(tag) or f"({tag.group:04X},{tag.element:04X})"
