"""Cases of kind ``pet-import``: what ``python -m preprocessing pet import`` does for one subject."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from preprocessing.pet.import_request import PetImportRequest
from preprocessing.pet.import_subject import import_subject
from preprocessing.pet.imported_files import PET_SUBJECTS
from preprocessing.run.beside import json_beside
from preprocessing.run.column import Column, read_flag, read_number
from taskgan_ext.errors import ConfigError


class PetImportKind:
    """Import a low-dose and a full-dose image of each subject, DICOM or NIfTI."""

    name = "pet-import"
    columns = (
        Column("low", required=True, is_path=True),
        Column("full", required=True, is_path=True),
        Column("property", read_number, required=True),
        Column("low_series"),
        Column("full_series"),
        Column("regions", is_path=True),
        Column("suv", read_flag),
        Column("low_scale", read_number),
        Column("key_file", is_path=True),
        Column("keep_identity", read_flag),
    )
    subjects = PET_SUBJECTS

    def make_request(self, subject: str, values: Mapping[str, Any]) -> PetImportRequest:
        """See ``CaseKind``.

        Args:
            subject: name of the subject.
            values: column to value; the options of ``pet import``.

        Raises:
            TaskGANError: the values do not fit together.
        """
        is_dicom = values["full"].is_dir() or values["low"].is_dir()
        if is_dicom and "key_file" not in values and not values.get("keep_identity", False):
            # A key drawn by chance would make another sidecar in every run.
            raise ConfigError(
                "expected a key_file for the pseudonyms of DICOM series, or keep_identity = true; make "
                "one with: head -c 32 /dev/urandom > key"
            )
        return PetImportRequest(
            full=values["full"],
            low={"low": values["low"]},
            value=values["property"],
            out=Path(),
            subject=subject,
            regions=values.get("regions"),
            suv=values.get("suv", False),
            low_scale=values.get("low_scale", 1.0),
            key_file=values.get("key_file"),
            keep_identity=values.get("keep_identity", False),
            series={name: values[f"{name}_series"] for name in ("low", "full") if f"{name}_series" in values},
        )

    def companions(self, values: Mapping[str, Any]) -> list[Path]:
        """See ``CaseKind``.

        Args:
            values: see ``make_request``.
        """
        return json_beside(values[name] for name in ("low", "full"))

    def run(self, request: PetImportRequest, folder: Path) -> tuple[str, ...]:
        """See ``CaseKind``.

        Args:
            request: see ``make_request``.
            folder: stands for the folder of the cohort.

        Raises:
            TaskGANError: a file is missing or refused, or the images are no pair.
        """
        return import_subject(replace(request, out=folder), show_progress=False).notices
