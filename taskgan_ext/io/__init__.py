"""Files: atomic writing, JSON and NIfTI."""

from taskgan_ext.io.atomic import atomic_path, read_json, write_json
from taskgan_ext.io.nifti import load_nifti, save_nifti

__all__ = ["atomic_path", "load_nifti", "read_json", "save_nifti", "write_json"]
