"""Transforms that MONAI does not have."""

from taskgan_ext.transforms.append_analytic import AppendAnalyticd
from taskgan_ext.transforms.append_condition import AppendConditiond
from taskgan_ext.transforms.check_same_grid import CheckSameGridd
from taskgan_ext.transforms.degrade_resolution import Degradation, DegradeResolutiond, degrade
from taskgan_ext.transforms.load_dicom_series import LoadDicomSeriesd
from taskgan_ext.transforms.load_magnitude import LoadMagnituded
from taskgan_ext.transforms.load_pictures import LoadPicturesd
from taskgan_ext.transforms.load_scans import LoadScansd
from taskgan_ext.transforms.load_volumes import LoadVolumesd
from taskgan_ext.transforms.prepare_input import PrepareInputd
from taskgan_ext.transforms.resample_slices import ResampleSlicesd
from taskgan_ext.transforms.restore_axes import RestoreAxesd
from taskgan_ext.transforms.save_contrast import SaveContrastd
from taskgan_ext.transforms.save_pictures import SavePicturesd
from taskgan_ext.transforms.scale_by_mean import ScaleByMeand, foreground_mean
from taskgan_ext.transforms.scale_by_percentile import ScaleByPercentiled

__all__ = [
    "AppendAnalyticd",
    "AppendConditiond",
    "CheckSameGridd",
    "Degradation",
    "DegradeResolutiond",
    "LoadDicomSeriesd",
    "LoadMagnituded",
    "LoadPicturesd",
    "LoadScansd",
    "LoadVolumesd",
    "PrepareInputd",
    "ResampleSlicesd",
    "RestoreAxesd",
    "SaveContrastd",
    "SavePicturesd",
    "ScaleByMeand",
    "ScaleByPercentiled",
    "degrade",
    "foreground_mean",
]
