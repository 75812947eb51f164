"""DICOM series read strictly: what cannot be trusted is refused with a code."""

from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.series import Series

__all__ = ["Series", "read_series"]
