"""Cases of kind ``mr-import``: what ``python -m preprocessing mr import`` does for one subject."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from preprocessing.mr.import_request import ImportRequest
from preprocessing.mr.import_subject import import_subject
from preprocessing.mr.mr_subjects import MR_SUBJECTS
from preprocessing.run.beside import json_beside
from preprocessing.run.column import Column, read_flag, read_number, read_numbers
from taskgan_ext.mr.protocol import CONTRASTS
from taskgan_ext.mr.reader.nifti_single import PREPARED


class MRImportKind:
    """Import MDME images and conventional contrasts of scanned subjects."""

    name = "mr-import"
    columns = (
        Column("mdme", required=True, is_path=True),
        *(Column(contrast, is_path=True) for contrast in CONTRASTS),
        Column("lesions", is_path=True),
        Column("mask", is_path=True),
        Column("td", read_numbers),
        Column("te", read_numbers),
        Column("tr", read_number),
        Column("protocols", is_path=True),
        Column("register", read_flag),
    )
    subjects = MR_SUBJECTS

    def make_request(self, subject: str, values: Mapping[str, Any]) -> ImportRequest:
        """See ``CaseKind``.

        Args:
            subject: name of the subject.
            values: column to value; the options of ``mr import``.

        Raises:
            TaskGANError: the values do not fit together.
        """
        return ImportRequest(
            mdme=values["mdme"],
            out=Path(),
            contrasts={contrast: values[contrast] for contrast in CONTRASTS if contrast in values},
            subject=subject,
            lesions=values.get("lesions"),
            brain=values.get("mask"),
            delays=values.get("td"),
            echo_times=values.get("te"),
            repetition_time=values.get("tr"),
            protocols=values.get("protocols"),
            register=values.get("register", True),
        )

    def companions(self, values: Mapping[str, Any]) -> list[Path]:
        """See ``CaseKind``.

        Args:
            values: see ``make_request``.
        """
        return json_beside((value for value in values.values() if isinstance(value, Path)), PREPARED)

    def run(self, request: ImportRequest, folder: Path) -> tuple[str, ...]:
        """See ``CaseKind``.

        Args:
            request: see ``make_request``.
            folder: stands for the folder of the cohort.

        Raises:
            TaskGANError: a file is missing or wrong.
        """
        result = import_subject(replace(request, out=folder), show_progress=False)
        if not result.other_frames:
            return result.notices
        frames = ", ".join(result.other_frames)
        return (*result.notices, f"{frames} and the MDME images name different scanner frames")
