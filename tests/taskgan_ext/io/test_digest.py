import hashlib

from taskgan_ext.io.digest import sha256


def test_the_fingerprint_is_that_of_the_bytes(tmp_path):
    content = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
