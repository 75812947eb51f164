"""Read what scanners export: MDME acquisitions and conventional series, DICOM or NIfTI, strictly."""

from taskgan_ext.mr.reader.conventional import ContrastImage, read_contrast
from taskgan_ext.mr.reader.read import read_mdme

__all__ = ["ContrastImage", "read_contrast", "read_mdme"]
