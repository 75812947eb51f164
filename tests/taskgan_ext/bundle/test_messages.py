"""Errors that a user can mend are one line, all others keep their traceback."""

import sys

import pytest
from monai.bundle import ConfigParser

from taskgan_ext.bundle.messages import find_user_error, show_readable_errors
from taskgan_ext.errors import DataError, TaskGANError


@pytest.fixture
def hook(monkeypatch):
    """The hook that prints errors, put back afterwards, and the errors that Python itself was left with."""
    left = []
    monkeypatch.setattr(sys, "excepthook", lambda *details: left.append(details[1]))
    show_readable_errors()
    return lambda error: (sys.excepthook(type(error), error, error.__traceback__), left)[1]


def error_of_missing_data(folder):
    """What MONAI raises when a data list that a configuration names is not there."""
    data = {"_target_": "taskgan_ext.data.load_datalist", "path": str(folder), "sections": "test"}
    with pytest.raises(RuntimeError) as caught:
        ConfigParser({"data": data, "size": "$len(@data)"}).get_parsed_content("size")
    return caught.value


def test_user_error_is_found_below_the_errors_of_monai(tmp_path):
    error = error_of_missing_data(tmp_path)
    assert not isinstance(error, TaskGANError)
    assert isinstance(find_user_error(error), DataError)


def test_innermost_user_error_is_the_cause_to_show():
    inner = DataError("inner")
    outer = DataError("outer")
    outer.__cause__ = inner
    assert find_user_error(outer) is inner


def test_an_error_that_was_dealt_with_is_not_the_cause():
    error = ValueError("wrong")
    error.__context__ = DataError("tried before")
    assert find_user_error(error) is error.__context__
    error.__suppress_context__ = True
    assert find_user_error(error) is None


def test_other_errors_hold_no_user_error():
    assert find_user_error(ValueError("wrong")) is None
    assert find_user_error(None) is None


def test_user_error_is_printed_as_one_line(hook, tmp_path, capsys):
    assert hook(error_of_missing_data(tmp_path)) == []
    printed = capsys.readouterr().err
    assert printed == f"error: no data list at {tmp_path}/datalist.json\n"


def test_error_of_programming_keeps_its_traceback(hook, capsys):
    error = ValueError("wrong")
    assert hook(error) == [error]
    assert capsys.readouterr().err == ""


def test_a_second_call_prints_nothing_twice(hook, capsys):
    installed = sys.excepthook
    show_readable_errors()
    assert sys.excepthook is installed
    hook(DataError("once"))
    assert capsys.readouterr().err == "error: once\n"


def test_ctrl_c_is_one_line(hook, capsys):
    assert hook(KeyboardInterrupt()) == []
    assert capsys.readouterr().err.startswith("error: stopped by Ctrl-C; a training goes on")
