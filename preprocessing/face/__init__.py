"""Faces: a simulator, the import of folders of photographs, and pairs for verification."""
