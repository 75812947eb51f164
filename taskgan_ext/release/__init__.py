"""Bundles as versioned archives with a manifest: verified, packed, and checked before they are parsed.

Checking imports neither torch nor MONAI.
"""

from taskgan_ext.release.check import check_bundle
from taskgan_ext.release.manifest import FileEntry, Manifest
from taskgan_ext.release.unpack import unpack_bundle

__all__ = ["FileEntry", "Manifest", "check_bundle", "unpack_bundle"]
