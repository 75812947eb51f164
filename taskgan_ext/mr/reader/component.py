"""Which part of the complex signal an image shows, told from its header, whoever made the scanner."""

from collections.abc import Mapping
from typing import Literal, get_args

from pydicom.dataelem import DataElement

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.errors import DataError

Component = Literal["magnitude", "phase", "real", "imaginary"]
COMPONENTS: tuple[Component, ...] = get_args(Component)

GE_CREATOR, GE_GROUP, GE_ELEMENT = "GEMS_PARM_01", 0x0043, 0x2F
"""GE keeps 0 to 3, in the order of ``COMPONENTS``, in the private element (0043,xx2F) of this creator."""
TOKENS: Mapping[str, Component] = {
    **dict.fromkeys(("M", "M_SE", "M_IR", "M_FFE", "MAGNITUDE"), "magnitude"),
    **dict.fromkeys(("P", "P_SE", "P_IR", "P_FFE", "PHASE", "PHASE MAP"), "phase"),
    **dict.fromkeys(("R", "R_SE", "R_IR", "R_FFE", "REAL"), "real"),
    **dict.fromkeys(("I", "I_SE", "I_IR", "I_FFE", "IMAGINARY"), "imaginary"),
}
"""Words of ImageType and ComplexImageComponent (0008,9208), PS3.3 C.8.13.3.1.1, and of the vendors."""


def find_component(file: DicomFile) -> Component | None:
    """Tell the component of an image; ``None`` where the header does not.

    Args:
        file: an MR image.

    Raises:
        DataError: the header names two components, or one that does not exist.
    """
    private = _ge_component(file)
    if private is not None:
        return private
    for keyword in ("ComplexImageComponent", "ImageType"):
        found = {TOKENS[token.upper()] for token in file.texts(keyword) if token.upper() in TOKENS}
        if len(found) > 1:
            raise DataError(
                f"{file}: {keyword} {file.text(keyword)} names both {' and '.join(sorted(found))}"
            )
        if found:
            return found.pop()
    return None


def component_of(file: DicomFile) -> Component:
    """Tell the component of an image.

    Args:
        file: an MR image.

    Raises:
        DataError: the header does not tell it.
    """
    component = find_component(file)
    if component is None:
        raise DataError(
            f"{file}: cannot tell magnitude, phase, real and imaginary images apart: ImageType is "
            f"{file.text('ImageType') or 'missing'} and the private element (0043,xx2F) of {GE_CREATOR} is "
            "missing, which de-identification may have removed; export again, or keep that element"
        )
    return component


def _ge_component(file: DicomFile) -> Component | None:
    try:
        # The creator reserves a block of its group at any offset, PS3.5 section 7.8.1.
        element = file.header.private_block(GE_GROUP, GE_CREATOR)[GE_ELEMENT]
    except KeyError:
        return None
    number = _integer(element)
    if number is None or not 0 <= number < len(COMPONENTS):
        raise DataError(
            f"{file}: expected 0 (magnitude), 1 (phase), 2 (real) or 3 (imaginary) in the private element "
            f"(0043,xx2F) of {GE_CREATOR}, got {element.value!r}"
        )
    return COMPONENTS[number]


def _integer(element: DataElement) -> int | None:
    """The first value of an element of VR SS, or of one whose VR was lost (UN)."""
    value = element.value
    if isinstance(value, bytes):
        return int.from_bytes(value[:2], "little", signed=True) if len(value) >= 2 else None
    if hasattr(value, "__getitem__") and not isinstance(value, str):
        value = value[0] if len(value) else None
    return int(value) if isinstance(value, int) else None
