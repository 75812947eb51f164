import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.errors import ConfigError
from taskgan_ext.export.__main__ import main, read_overrides

IDS = st.from_regex(r"[a-z_]{1,8}(::[a-z_]{1,8})?", fullmatch=True)
VALUES = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.lists(st.integers()), st.booleans()
)


@given(st.dictionaries(IDS, VALUES), st.booleans())
def test_overrides_are_read_as_python_writes_them(values, joined):
    words = [
        word
        for id_, value in values.items()
        for word in ([f"--{id_}={value!r}"] if joined else [f"--{id_}", repr(value)])
    ]
    assert read_overrides(words) == values


def test_a_path_is_a_text():
    assert read_overrides(["--ckpt_path", "models/fine_tuned/model.pt"]) == {
        "ckpt_path": "models/fine_tuned/model.pt"
    }


@pytest.mark.parametrize("words", [["ckpt_path"], ["--ckpt_path"], ["-c", "x"], ["--a", "1", "2"]])
def test_words_that_are_no_settings_are_refused(words):
    with pytest.raises(ConfigError, match="expected settings as --ID VALUE"):
        read_overrides(words)


def test_the_command_prints_files_and_differences(small_bundle, capsys):
    assert main([str(small_bundle), "--formats", "onnx"]) == 0
    written, record = capsys.readouterr().out.splitlines()
    assert written.startswith(f"{small_bundle}/models/model.onnx: differs from the checkpoint by at most ")
    assert record == f"{small_bundle}/models/export.json"


def test_an_error_is_one_line(small_bundle, capsys):
    (small_bundle / "models" / "model.pt").unlink()
    assert main([str(small_bundle)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {small_bundle}/models/model.pt: expected the weights of a UNetGenerator")
