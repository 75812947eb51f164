"""Restored volumes written as DICOM series beside their sources."""

from taskgan_ext.dicom.derived.contrast import SynthesisedContrast
from taskgan_ext.dicom.derived.derived_series import DerivedSeries
from taskgan_ext.dicom.derived.loop_guard import is_derived_by_us
from taskgan_ext.dicom.derived.mr_series import write_derived_mr
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.restored_file import read_restored
from taskgan_ext.dicom.derived.source_grid import on_source_grid
from taskgan_ext.dicom.derived.source_slices import read_source_slices, slices_of

__all__ = [
    "DerivedSeries",
    "Recipe",
    "SynthesisedContrast",
    "is_derived_by_us",
    "on_source_grid",
    "read_restored",
    "read_source_slices",
    "slices_of",
    "write_derived_mr",
    "write_derived_pet",
]
