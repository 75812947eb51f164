"""Read an MDME acquisition, whatever it is stored in."""

import os
from collections.abc import Sequence
from pathlib import Path

from taskgan_ext.errors import DataError
from taskgan_ext.io.dicom_folder import list_dicom_files
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.reader.given_times import GivenTimes
from taskgan_ext.mr.reader.mdme_dicom import read_mdme_dicom
from taskgan_ext.mr.reader.nifti_array import is_nifti, stem_of
from taskgan_ext.mr.reader.nifti_names import parse_name
from taskgan_ext.mr.reader.nifti_set import read_nifti_set
from taskgan_ext.mr.reader.nifti_single import PREPARED, read_nifti_file


def read_mdme(
    path: str | os.PathLike[str],
    *,
    delays: Sequence[float] | None = None,
    echo_times: Sequence[float] | None = None,
    repetition_time: float | None = None,
) -> MDMEImage:
    """Read an MDME acquisition.

    Args:
        path: a folder with DICOM files of one acquisition, in any order and under any names; a folder with
            NIfTI files as dcm2niix or BIDS name them; or one NIfTI file, complex or prepared by this project,
            or a folder that holds just this one.
        delays: TD in s, one per dynamic, where the files do not tell them or tell them wrong. In the order of
            the files or in its reverse: the images decide.
        echo_times: TE in s, likewise.
        repetition_time: TR in s, likewise.

    Returns:
        The image, delays and echoes ascending.

    Raises:
        ConfigError: a given time is impossible.
        DataError: the files are not one whole MDME acquisition; the message names what is wrong with which.
    """
    path = Path(path)
    given = GivenTimes(
        None if delays is None else tuple(map(float, delays)),
        None if echo_times is None else tuple(map(float, echo_times)),
        repetition_time,
    )
    if not path.exists():
        raise DataError(f"{path}: expected an MDME acquisition, found no such file or folder")
    if path.is_dir():
        return _read_folder(path, given)
    if is_nifti(path):
        return read_nifti_file(path, given)
    raise DataError(
        f"{path}: expected a NIfTI file or a folder; of DICOM, give the folder with all files of the "
        "acquisition"
    )


def _read_folder(folder: Path, given: GivenTimes) -> MDMEImage:
    nifti = [path for path in sorted(folder.rglob("*")) if is_nifti(path)]
    dicom = list_dicom_files(folder)
    if nifti and dicom:
        raise DataError(
            f"{folder}: found DICOM and NIfTI files, such as {dicom[0].name} and {nifti[0].name}; keep "
            "one kind"
        )
    if dicom:
        return read_mdme_dicom(folder, given)
    if len(nifti) == 1:
        return read_nifti_file(nifti[0], given)
    prepared = [path for path in nifti if stem_of(path).endswith(PREPARED)]
    if prepared:
        if len(prepared) > 1:
            raise DataError(f"{folder}: found {len(prepared)} prepared acquisitions; name one of them")
        return read_nifti_file(prepared[0], given)
    parts = [part for part in map(parse_name, nifti) if part is not None]
    if parts:
        return read_nifti_set(folder, parts, given)
    raise DataError(
        f"{folder}: expected DICOM files or a set of NIfTI files named ..._e1_real.nii.gz, "
        "..._e1_imaginary.nii.gz or ..._e1.nii.gz, ..._e1_ph.nii.gz for each echo (dcm2niix), or "
        "..._acq-mdmeTD1_echo-1_part-real_MESE.nii.gz (BIDS), or one complex NIfTI file, "
        f"found {len(nifti)} NIfTI files of other names"
    )
