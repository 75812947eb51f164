"""BIDS names of synthesised contrasts."""

from taskgan_ext.errors import DataError

SYNTHESISED_SUFFIXES = {
    "T1w": "acq-synth_T1w",
    "T1FLAIR": "acq-synthT1FLAIR_T1w",
    "T2w": "acq-synth_T2w",
    "T2FLAIR": "acq-synth_FLAIR",
    "STIR": "acq-synthSTIR_T2w",
    "PDw": "acq-synth_PDw",
    "DIR": "acq-synthDIR_T2w",
}
"""BIDS has no suffix for T1-FLAIR, STIR and double inversion: their name goes into the acquisition label."""


def contrast_file_name(subject: str, contrast: str, number: int | None = None, signed: bool = False) -> str:
    """Name the file of a synthesised contrast as a BIDS derivative.

    Args:
        subject: for example ``sub-01``; put first as it is.
        contrast: one of ``taskgan_ext.mr.protocol.CONTRASTS``, or ``DIR``.
        number: of several images of the contrast with different inversion times (the entity ``inv``).
        signed: whether the image keeps the sign of the magnetisation (the entity ``part``).

    Returns:
        For example ``sub-01_acq-synth_FLAIR.nii.gz`` for T2FLAIR; a JSON sidecar has the same stem.

    Raises:
        DataError: there is no such contrast.
    """
    if contrast not in SYNTHESISED_SUFFIXES:
        raise DataError(f"expected a contrast among {', '.join(SYNTHESISED_SUFFIXES)}, got {contrast!r}")
    acquisition, suffix = SYNTHESISED_SUFFIXES[contrast].split("_")
    inversion = "" if number is None else f"_inv-{number}"
    return f"{subject}_{acquisition}{inversion}{'_part-real' * signed}_{suffix}.nii.gz"
