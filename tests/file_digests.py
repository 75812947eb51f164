"""What lies in a folder, byte for byte: for tests that two runs write the same."""

import hashlib


def digests(folder):
    """SHA-256 of every file below the folder, by its path there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
