"""Headers of Siemens list-mode files (PETLINK, 32 bit): what they say of the scanner."""

import re
from dataclasses import dataclass
from typing import Any

from preprocessing.pet.event_words import ADDRESS_MASK, AddressLayout
from preprocessing.pet.listmode.interfile_header import InterfileHeader
from preprocessing.pet.listmode.scanner_geometry import UNKNOWN_POSITION, SinogramGeometry
from preprocessing.pet.listmode.siemens_header_words import safe_value
from taskgan_ext.errors import RefusedListMode

_MM_PER_CM = 10.0
_INTERACTION_DEPTH = 7.0
_WORD_BITS = 32
_MOST_BINS = 2048
"""Radial bins or views; scanners have hundreds."""
_MOST_PLANES = 65535
_FACTS = {
    "isotope name": "isotope",
    "radiopharmaceutical": "radiopharmaceutical",
    "pet data type": "data_type",
}
_NUMBERS = {
    "isotope gamma halflife (sec)": "half_life_s",
    "tracer activity at time of injection (bq)": "injected_bq",
    "energy window lower level (kev) [1]": "energy_from_kev",
    "energy window upper level (kev) [1]": "energy_to_kev",
    "image duration (sec)": "stated_duration_s",
}


@dataclass(frozen=True)
class _Model:
    name: str
    virtual_every: int


_MODELS = {"2008": _Model("Siemens Biograph mMR", 9)}
"""Siemens' code of the scanner to what headers do not tell.

A block of the mMR has 8 crystals in a row and a gap of one, which is counted as a crystal (STIR,
``Scanner.cxx``; no event of the real fragment touches one)."""


@dataclass(frozen=True)
class SiemensHeader:
    """What a header says of the events.

    Attributes:
        geometry: the scanner.
        layout: meaning of the bin addresses: ``(tof, plane, view, bin)``.
        known_model: whether the gaps of the scanner are known.
        stated_words: words of the whole scan, None where the header does not tell.
    """

    geometry: SinogramGeometry
    layout: AddressLayout
    known_model: bool
    stated_words: int | None

    @classmethod
    def parse(cls, header: InterfileHeader) -> "SiemensHeader":
        """Read the header of a list-mode file.

        Args:
            header: keys and values.

        Raises:
            RefusedListMode: it is of another kind of file, lacks something or contradicts itself.
        """
        _check_kind(header)
        rings = header.whole("number of rings", 1, 2000)
        difference = header.whole("maximum ring difference", 0, rings - 1)
        model = _MODELS.get(header.text("originating system") or "")
        geometry = SinogramGeometry(
            name=model.name if model else f"Siemens system {_code(header)}",
            num_radial=header.whole("number of projections", 1, _MOST_BINS),
            num_views=header.whole("number of views", 1, _MOST_BINS),
            num_rings=rings,
            max_ring_difference=difference,
            radius=_positive(header, "gantry crystal radius (cm)") * _MM_PER_CM + _INTERACTION_DEPTH,
            ring_spacing=_positive(header, "distance between rings (cm)") * _MM_PER_CM,
            virtual_every=model.virtual_every if model else 0,
            num_tof_bins=(
                header.whole("number of tof time bins", 1, 1000)
                if header.text("number of tof time bins")
                else 1
            ),
            patient_position=_position(header),
        )
        sizes = (geometry.num_tof_bins, num_planes(geometry), geometry.num_views, geometry.num_radial)
        bins = sizes[0] * sizes[1] * sizes[2] * sizes[3]
        if bins > ADDRESS_MASK or sizes[1] > _MOST_PLANES:
            raise RefusedListMode(
                "header_invalid",
                f"{header.path}: expected bins that fit in addresses of 30 bits, and at most {_MOST_PLANES} "
                f"planes; found {bins} bins and {sizes[1]} planes",
            )
        return cls(
            geometry,
            AddressLayout(("tof", "plane", "view", "bin"), sizes),
            model is not None,
            _stated_words(header),
        )


def num_planes(geometry: SinogramGeometry) -> int:
    """Number of oblique planes of span 1, segments 0, -1, +1, -2, ... .

    Args:
        geometry: the scanner.
    """
    rings, most = geometry.num_rings, geometry.max_ring_difference
    return rings + sum(2 * (rings - d) for d in range(1, most + 1))


def header_facts(header: InterfileHeader) -> dict[str, Any]:
    """Facts for the user; nothing that tells who was scanned and when.

    Args:
        header: keys and values.
    """
    facts: dict[str, Any] = {
        name: value for key, name in _FACTS.items() if (value := safe_value(key, header.text(key) or ""))
    }
    for key, name in _NUMBERS.items():
        if header.text(key) is not None:
            facts[name] = header.number(key)
    return facts


def _check_kind(header: InterfileHeader) -> None:
    """Refuse headers of files that are no 32-bit PETLINK list mode of span 1."""

    def refuse(expected: str, found: str | None) -> None:
        what = "nothing" if found is None else f"'{_safe(found)}'"
        raise RefusedListMode("unsupported", f"{header.path}: expected {expected}, found {what}")

    name_space = header.text("sms-mi header name space")
    if name_space is None or "petlink" not in name_space.lower():
        refuse("'SMS-MI header name space' of PETLINK", name_space)
    data_format = header.text("data format")
    if data_format is not None and data_format.lower().replace(" ", "") != "coincidencelist":
        refuse("the data format CoincidenceList (list mode)", data_format)
    if header.whole("lm event and tag words format (bits)", 1, 1024) != _WORD_BITS:
        refuse("words of 32 bits", header.text("lm event and tag words format (bits)"))
    if header.whole("axial compression", 0, 1000) != 1:
        refuse("axial compression 1 (span 1)", header.text("axial compression"))
    if header.text("data offset in bytes") is not None and header.number("data offset in bytes") != 0:
        refuse("data that begin with the file (data offset 0)", header.text("data offset in bytes"))


def _stated_words(header: InterfileHeader) -> int | None:
    """Words of the whole scan, which is no reason to refuse a part of it."""
    key = "total listmode word counts"
    try:
        return header.whole(key, 0, 1 << 50)
    except RefusedListMode:
        return None


def _positive(header: InterfileHeader, key: str) -> float:
    number = header.number(key)
    if not 0 < number < 1e4:
        raise RefusedListMode(
            "header_invalid", f"{header.path}: expected a positive length for '{key}', found {number:g}"
        )
    return number


def _position(header: InterfileHeader) -> str:
    """How the patient lies; empty where the header does not tell."""
    key = "patient orientation" if header.text("patient orientation") else "patient scan orientation"
    text = header.text(key)
    return "" if text is None else safe_value(key, text) or UNKNOWN_POSITION


def _code(header: InterfileHeader) -> str:
    return safe_value("originating system", header.text("originating system") or "") or "of no known code"


def _safe(text: str | None) -> str:
    """A value that can be shown: short and without surprises."""
    return re.sub(r"[^\w .,+:/()\[\]-]", "?", text or "")[:40]
