"""The command as a user gives it."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.deidentify.cli import build_parser
from preprocessing.deidentify.secret_key import make_key, read_key
from taskgan_ext.errors import ConfigError, DataError

Write = Callable[..., Path]


def deidentify(*arguments: object) -> None:
    given = build_parser("deidentify").parse_args(list(map(str, arguments)))
    given.run(given)


def test_a_new_key_is_private_and_is_used_again(
    pet_folder: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, key = pet_folder(), tmp_path / "secret" / "key"
    with pytest.raises(DataError, match="--new-key"):
        deidentify(source, "--key-file", key, "--out", tmp_path / "a")
    deidentify(source, "--key-file", key, "--new-key", "--out", tmp_path / "a")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    deidentify(source, "--key-file", key, "--out", tmp_path / "b")
    names = [{path.name for path in (tmp_path / name).rglob("*")} for name in "ab"]
    assert names[0] == names[1]
    with pytest.raises(DataError, match="is there already"):
        deidentify(source, "--key-file", key, "--new-key", "--out", tmp_path / "c")
    told = capsys.readouterr()
    assert "3 images in 1 series" in told.out
    assert "before and after" in told.out
    assert "SIMULATED" not in told.out
    assert "notice" not in told.err


def test_a_key_that_others_can_read_is_told(
    pet_folder: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_bytes(bytes(range(40)))
    (tmp_path / "key").chmod(0o644)
    deidentify(pet_folder(), "--key-file", tmp_path / "key", "--out", tmp_path / "out")
    assert "can be read by others" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"short", bytes(64), bytes(range(256)) * 17])
def test_what_is_no_key_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(DataError, match="random bytes"):
        read_key(tmp_path / "key")


def test_without_a_file_a_key_is_drawn(tmp_path: Path) -> None:
    assert read_key(None) != read_key(None)
    make_key(tmp_path / "key")
    assert read_key(tmp_path / "key") == read_key(tmp_path / "key")


@pytest.mark.parametrize("subject", ["", "Doe^Jane", "a b", "../x", "x" * 65])
def test_a_name_that_is_none_for_a_subject_is_refused(
    subject: str, pet_folder: Write, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="--subject"):
        deidentify(
            pet_folder(),
            "--key-file",
            tmp_path / "k",
            "--new-key",
            "--out",
            tmp_path / "o",
            f"--subject={subject}",
        )
    assert not (tmp_path / "k").exists()
