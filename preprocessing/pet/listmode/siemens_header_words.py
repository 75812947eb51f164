"""The keys of a Siemens list-mode header that a copy needs, and the values of them that name nobody.

By allow-list: numbers, and words of closed vocabularies. Whatever a person could have typed is not among
them, under whatever key. Keys are those of headers of the Biograph mMR and of STIR's Interfile reader.
"""

import re
from collections.abc import Mapping

POSITIONS = ("HFS", "HFP", "HFDL", "HFDR", "FFS", "FFP", "FFDL", "FFDR")
"""How a patient lies in the scanner, as DICOM has it (PS3.3 C.7.3.1.1.2)."""
NAME_SPACE = "sms-mi header name space"

_TITLES = frozenset(
    (
        *("interfile", "general data", "general image data", "pet study (emission data)"),
        *("image data description", "coincidence list data", "end of interfile"),
    )
)
_NUMBERS = frozenset(
    (
        *("originating system", "sms-mi version number", "data offset in bytes", "number of bytes per pixel"),
        *("isotope gamma halflife (sec)", "isotope branching factor", "injected volume (ml)"),
        *("relative time of tracer injection (sec)", "tracer activity at time of injection (bq)"),
        *("start horizontal bed position (mm)", "end horizontal bed position (mm)"),
        *("start vertical bed position (mm)", "end vertical bed position (mm)", "bed zero offset (mm)"),
        *("number of energy windows", "energy window lower level (kev)", "energy window upper level (kev)"),
        *("transaxial fov diameter (cm)", "number of rings", "distance between rings (cm)", "bin size (cm)"),
        *("gantry tilt angle (degrees)", "gantry crystal radius (cm)", "number of tof time bins"),
        *("tof mashing factor", "tof bin width (ps)", "tof gaussian fwhm (ps)"),
        *("coincidence window width (ns)", "preset value", "image duration (sec)"),
        *("total listmode word counts", "lm event and tag words format (bits)"),
        *("timing tagwords interval (msec)", "singles polling interval (sec)", "singles scale factor"),
        *("total number of singles blocks", "axial compression", "maximum ring difference"),
        *("number of projections", "number of views", "number of segments", "segment table"),
    )
)
_WORDS: Mapping[str, tuple[str, ...]] = {
    NAME_SPACE: ("PETLINK bin address", "PETLINK"),
    "type of data": ("PET",),
    "pet data type": ("Emission", "Transmission", "Blank", "Normalization"),
    "data format": ("CoincidenceList", "coincidence list"),
    "imagedata byte order": ("LITTLEENDIAN",),
    "horizontal bed translation": ("stepped", "continuous"),
    "pet scanner type": ("cylindrical",),
    "septa state": ("none", "extended", "retracted"),
    "preset type": ("time", "counts"),
    "preset unit": ("seconds", "counts"),
    "singles polling method": ("instantaneous", "average"),
    "patient orientation": POSITIONS,
    "patient scan orientation": POSITIONS,
    "scan direction": ("in", "out"),
    "radiopharmaceutical": (
        *("FDG", "Fluorodeoxyglucose", "Florbetaben", "Florbetapir", "Flutemetamol", "Flortaucipir", "PIB"),
        *("Sodium fluoride", "NaF", "FET", "FDOPA", "Choline", "Methionine", "Raclopride", "PSMA", "DOTATOC"),
        *("DOTATATE", "DOTANOC", "Water", "Ammonia", "Rubidium chloride", "FLT", "FMISO", "Solution"),
    ),
}
_NUMBER = r"[+-]?\d{1,18}(\.\d{0,18})?([eE][+-]?\d{1,4})?"
_NUMERIC = re.compile(rf"{_NUMBER}|\{{ *{_NUMBER}( *, *{_NUMBER})* *\}}")
_ISOTOPE = re.compile(r"[A-Z][a-z]?-?\d{1,3}m?|\^\d{1,3}[A-Z][a-z]?")
_INDEX = re.compile(r" ?\[\d{1,3}\]$")


def safe_value(key: str, value: str) -> str | None:
    """Give the value of a key if both are known.

    Args:
        key: normalised, see ``normal_key``; it may end with an index such as ``[1]``.
        value: without blanks around it.

    Returns:
        The value, words as the vocabulary spells them; ``None`` where it could hold anything.
    """
    name = _INDEX.sub("", key)
    if name in _TITLES:
        return None if value else ""
    if name in _NUMBERS:
        return value if _NUMERIC.fullmatch(value) else None
    if name == "isotope name":
        return value if _ISOTOPE.fullmatch(value) else None
    folded = " ".join(value.lower().split())
    return next((word for word in _WORDS.get(name, ()) if word.lower() == folded), None)
