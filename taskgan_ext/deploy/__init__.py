"""Operators for MONAI Deploy."""
