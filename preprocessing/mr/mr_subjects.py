"""MR subjects as a kind."""

from preprocessing.mr.subject_files import is_complete, list_items
from preprocessing.subject_kind import SubjectKind
from taskgan_ext.mr.protocol import CONTRASTS

MR_SUBJECTS = SubjectKind(
    name="imported MR contrasts",
    description="MDME images with relaxation maps (image, maps) and conventional contrasts (label)",
    modality="MR",
    property_info={"name": "mr_contrast", "type": "categorical", "classes": list(CONTRASTS)},
    list_items=list_items,
    is_complete=is_complete,
)
"""The property of an item is the index of its contrast."""
