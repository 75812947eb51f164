"""DICOM series read strictly: what cannot be trusted is refused with a code."""
