"""Quantitative MR: reading MDME scans, fitting relaxation maps, synthesising contrasts. No network needed.

What is named here needs numpy alone. Reading DICOM and fitting maps need the extra ``mr``, reading data lists
needs MONAI; both are imported from their own modules: ``reader``, ``phase``, ``fit``, ``brain_mask``,
``tuned_synthesis``, ``list_contrasts``.
"""

from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.sequence import MDMESequence, delays_from_slice_count

__all__ = [
    "CONTRASTS",
    "MDMEImage",
    "MDMESequence",
    "Protocol",
    "delays_from_slice_count",
    "load_protocols",
]
