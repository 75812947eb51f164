"""The ways in which scanners differ when they export the same MDME acquisition."""

from dataclasses import dataclass
from typing import Literal, get_args

from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.reader.component import Component

Vendor = Literal["ge", "philips", "siemens"]
ComponentSet = Literal["real_imag", "magnitude_phase", "magnitude"]
DelayTag = Literal["InversionTime", "TriggerTime", "none"]
PhaseScale = Literal["rad", "mrad", "steps"]

COMPONENT_SETS: dict[ComponentSet, tuple[Component, ...]] = {
    "real_imag": ("real", "imaginary"),
    "magnitude_phase": ("magnitude", "phase"),
    "magnitude": ("magnitude",),
}
VENDOR_COMPONENTS: dict[Vendor, ComponentSet] = {
    "ge": "real_imag",
    "philips": "magnitude_phase",
    "siemens": "magnitude_phase",
}
VENDOR_DELAY_TAGS: dict[Vendor, DelayTag] = {
    "ge": "InversionTime",
    "philips": "none",
    "siemens": "InversionTime",
}
PHASE_SCALES: dict[Vendor, PhaseScale] = {"ge": "mrad", "philips": "rad", "siemens": "steps"}


@dataclass(frozen=True)
class DicomVariant:
    """How an acquisition is exported.

    Attributes:
        components: which parts of the complex signal are exported; by default as the vendor does.
        delay_tag: element that tells the delay, by default as the vendor does. With ``none`` Philips tells
            the temporal position, 1 for the longest delay, and the others tell only the order of
            acquisition.
        series: ``one``, or ``many``: one for each delay and component.
        implicit_vr: Implicit VR Little Endian, in which private elements lose their type.
        private_block: offset of GE's private elements in their group; another creator takes the usual 0x10
            unless this is it.
        private_vr: VR of GE's component: SS, or UN as after a copy by software that does not know it.
        phase_scale: of phase images: radians, milliradians or 4096 steps a turn; by default as the vendor
            has it.
        shuffled: file names say nothing; otherwise they are in the order of acquisition.
    """

    components: ComponentSet | None = None
    delay_tag: DelayTag | None = None
    series: Literal["one", "many"] = "one"
    implicit_vr: bool = False
    private_block: int = 0x10
    private_vr: Literal["SS", "UN"] = "SS"
    phase_scale: PhaseScale | None = None
    shuffled: bool = True

    def __post_init__(self) -> None:
        for name, kind in (("components", ComponentSet), ("delay_tag", DelayTag)):
            if getattr(self, name) not in (None, *get_args(kind)):
                raise ConfigError(
                    f"DICOM export: expected {name} among {', '.join(get_args(kind))}, got "
                    f"{getattr(self, name)!r}"
                )
        if not 0x10 <= self.private_block <= 0xFF:
            raise ConfigError(
                f"DICOM export: expected a private block from 0x10 to 0xFF, got {self.private_block:#x}"
            )
