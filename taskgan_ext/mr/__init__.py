"""Quantitative MR: reading MDME scans, fitting relaxation maps, synthesising contrasts. No network needed.

What is named here needs no optional package. Reading DICOM and fitting maps need the extra ``mr`` and are
imported from their own modules: ``taskgan_ext.mr.reader``, ``phase``, ``fit``, ``brain_mask``.
"""

from taskgan_ext.mr.list_contrasts import list_contrasts
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.sequence import MDMESequence, delays_from_slice_count
from taskgan_ext.mr.tuned_synthesis import TunedSynthesis

__all__ = [
    "CONTRASTS",
    "MDMEImage",
    "MDMESequence",
    "Protocol",
    "TunedSynthesis",
    "delays_from_slice_count",
    "list_contrasts",
    "load_protocols",
]
