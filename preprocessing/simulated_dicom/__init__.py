"""Simulated images as DICOM series: what PET and MR have in common."""
