"""What every subject of a simulated MR cohort has in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor
from pathlib import Path
from typing import Any, Literal, get_args

from preprocessing.mr.dicom_variant import VENDOR_DELAY_TAGS, Vendor
from preprocessing.mr.effects import Effects
from preprocessing.mr.tissue_response import TRAIN_LENGTH
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.digest import sha256
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.sequence import MDMESequence, delays_from_slice_count

FileFormat = Literal["nifti", "dicom"]
RESOLUTIONS = (1.0, 2.0, 4.0)
MAX_SLICES = 30
"""More would leave the head."""


@dataclass(frozen=True)
class SimulationSettings:
    """Settings of a cohort.

    Attributes:
        seed: decides all anatomies and scans.
        resolution: in-plane voxel size in mm: 1, 2 or 4; the field of view is 256 mm.
        num_slices: axial slices of 4 mm about the middle of the cerebrum.
        patient_fraction: share of the subjects that have lesions; 44 of 67 in the paper.
        tissue_spread: relative standard deviation of T1, T2 and PD between subjects.
        sequence: of the MDME acquisition; see ``sequence_for``.
        protocols: name to times of the conventional contrasts.
        effects: imperfections of the scans.
        tissue_maps: files with fractions of tissues, one per subject; where there are any they replace the
            procedural heads, and resolution, slices and share of patients are theirs.
        file_format: NIfTI volumes ready for training, or DICOM files as a scanner exports them.
        vendor: whose way of exporting DICOM is followed.

    Raises:
        ConfigError: a value is out of range, or a file of tissue maps is given twice.
        DataError: a file of tissue maps does not exist.
    """

    seed: int = 0
    resolution: float = 2.0
    num_slices: int = 20
    patient_fraction: float = 44 / 67
    tissue_spread: float = 0.02
    sequence: MDMESequence = field(default_factory=MDMESequence)
    protocols: Mapping[str, Protocol] = field(default_factory=load_protocols)
    effects: Effects = field(default_factory=Effects)
    tissue_maps: tuple[Path, ...] = ()
    file_format: FileFormat = "nifti"
    vendor: Vendor = "ge"

    def __post_init__(self) -> None:
        checks = {
            "seed": (self.seed >= 0, "0 or more"),
            "resolution": (self.resolution in RESOLUTIONS, f"one of {RESOLUTIONS} mm"),
            "num_slices": (1 <= self.num_slices <= MAX_SLICES, f"1 to {MAX_SLICES}"),
            "patient_fraction": (0 <= self.patient_fraction <= 1, "a fraction between 0 and 1"),
            "tissue_spread": (0 <= self.tissue_spread <= 0.1, "a fraction between 0 and 0.1"),
            "file_format": (self.file_format in get_args(FileFormat), "nifti or dicom"),
            "vendor": (self.vendor in get_args(Vendor), f"one of {', '.join(get_args(Vendor))}"),
        }
        for name, (valid, expected) in checks.items():
            if not valid:
                raise ConfigError(
                    f"simulation setting {name}: expected {expected}, got {getattr(self, name)}"
                )
        _check_protocols(self.protocols)
        _check_tissue_maps(self.tissue_maps)
        if not self.tissue_maps:
            self.sequence_for(self.num_slices)

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable; tissue maps by name and fingerprint."""
        return {
            "seed": self.seed,
            "resolution": self.resolution,
            "num_slices": self.num_slices,
            "patient_fraction": self.patient_fraction,
            "tissue_spread": self.tissue_spread,
            "sequence": self.sequence.to_dict(),
            "protocols": {name: protocol.to_dict() for name, protocol in self.protocols.items()},
            "effects": self.effects.to_dict(),
            "tissue_maps": [f"{path.name} {sha256(path)}" for path in self.tissue_maps],
            "file_format": self.file_format,
            "vendor": self.vendor,
        }

    def sequence_for(self, num_slices: int) -> MDMESequence:
        """The sequence of a subject: where files will not tell the delays, they follow from the slices.

        Args:
            num_slices: of the subject.

        Raises:
            ConfigError: there are too few slices for that.
        """
        if self.file_format != "dicom" or VENDOR_DELAY_TAGS[self.vendor] != "none":
            return self.sequence
        times = self.sequence
        delays = delays_from_slice_count(num_slices, times.repetition_time, len(times.delays))
        return replace(times, delays=delays)

    def drawn_patient(self, index: int) -> bool:
        """Whether a procedural subject has lesions.

        Of the first N subjects exactly ``floor(N * patient_fraction + 1/2)`` have, for every N, so that a
        cohort can grow later.

        Args:
            index: number of the subject, from 0.
        """
        before, after = (floor(count * self.patient_fraction + 0.5) for count in (index, index + 1))
        return after > before


def _check_protocols(protocols: Mapping[str, Protocol]) -> None:
    unknown = [name for name in protocols if name not in CONTRASTS]
    if unknown or not protocols:
        raise ConfigError(
            f"protocols: expected contrasts among {', '.join(CONTRASTS)}, got {', '.join(unknown) or 'none'}"
        )
    for name, protocol in protocols.items():
        rest = protocol.repetition_time - (protocol.inversion_time or 0.0)
        if rest <= TRAIN_LENGTH[name]:
            raise ConfigError(
                f"protocols, {name}: expected TR - TI above the {TRAIN_LENGTH[name]} s of the simulated echo "
                f"train, got {rest:.4g} s"
            )


def _check_tissue_maps(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path}: expected a file of tissue maps, found none")
    if len({path.resolve() for path in paths}) < len(paths):
        raise ConfigError(
            "tissue maps: expected a file of its own for every subject, got one twice; two subjects with one "
            "anatomy could end up in training and test"
        )
