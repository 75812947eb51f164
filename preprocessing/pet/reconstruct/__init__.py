"""Reconstruction of real list-mode files: rebinning with a planar engine, and a list-mode engine."""
