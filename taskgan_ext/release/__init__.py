"""Bundles as versioned archives with a manifest: verified, packed, and checked before anything in them is read."""
