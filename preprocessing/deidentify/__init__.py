"""DICOM images without the identity of their patients, and with the SUV that they had."""
