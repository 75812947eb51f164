"""Cases of kind ``pet-listmode``: a list-mode file thinned, and reconstructed at full and at low dose."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from preprocessing.pet.imported_files import PET_SUBJECTS
from preprocessing.pet.listmode_companions import listmode_companions
from preprocessing.pet.listmode_subject import ListModeRequest, write_listmode_subject
from preprocessing.pet.reconstruct.settings import Engine, ReconstructionSettings
from preprocessing.pet.thin_request import Mode, ThinRequest
from preprocessing.run.column import Column, read_number, read_numbers, read_text, read_whole
from taskgan_ext.errors import ConfigError

_RECONSTRUCTION = ("voxel_size", "matrix", "iterations", "subsets", "post_filter", "calibration", "duration")
_CHOICES = {"mode": get_args(Mode), "engine": get_args(Engine)}


class PetListModeKind:
    """Make pairs from the list-mode file of each subject."""

    name = "pet-listmode"
    columns = (
        Column("file", required=True, is_path=True),
        Column("property", read_number, required=True),
        Column("attenuation", is_path=True),
        Column("keep", read_numbers, required=True),
        Column("seed", read_whole),
        Column("realisations", read_whole),
        Column("mode", read_text),
        Column("engine", read_text),
        Column("voxel_size", read_number),
        Column("matrix", read_whole),
        Column("iterations", read_whole),
        Column("subsets", read_whole),
        Column("post_filter", read_number),
        Column("calibration", read_number),
        Column("duration", read_number),
    )
    subjects = PET_SUBJECTS

    def make_request(self, subject: str, values: Mapping[str, Any]) -> ListModeRequest:
        """See ``CaseKind``.

        Args:
            subject: name of the subject.
            values: column to value; the options of ``pet thin`` and ``pet reconstruct``.

        Raises:
            TaskGANError: the values do not fit together.
        """
        for column, known in _CHOICES.items():
            if values.get(column, known[0]) not in known:
                raise ConfigError(f"{column}: expected {' or '.join(known)}, got {values[column]!r}")
        settings = {name: values[name] for name in (*_RECONSTRUCTION, "engine") if name in values}
        thin = {name: values[name] for name in ("seed", "realisations", "mode") if name in values}
        return ListModeRequest(
            file=values["file"],
            value=values["property"],
            subject=subject,
            thin=ThinRequest(doses=tuple(sorted(set(values["keep"]))), subject=subject, **thin),
            attenuation=values.get("attenuation"),
            settings=ReconstructionSettings(threads=1, **settings),
        )

    def companions(self, values: Mapping[str, Any]) -> list[Path]:
        """See ``CaseKind``.

        Args:
            values: see ``make_request``.
        """
        return list(listmode_companions(values["file"]))

    def run(self, request: ListModeRequest, folder: Path) -> tuple[str, ...]:
        """See ``CaseKind``.

        Args:
            request: see ``make_request``.
            folder: stands for the folder of the cohort.

        Raises:
            TaskGANError: the file is refused, or cannot be thinned or reconstructed.
        """
        return write_listmode_subject(request, folder)
