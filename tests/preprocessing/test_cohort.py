import os
from dataclasses import dataclass

import pytest

from preprocessing import cohort
from preprocessing.cohort import subject_name, write_cohort
from taskgan_ext.errors import ConfigError, DataError


@dataclass(frozen=True)
class Greeting:
    word: str = "hello"

    def to_dict(self):
        return {"word": self.word}


def path_of(folder, index):
    return folder / f"{subject_name(index)}.txt"


def write(folder, index, settings):
    path_of(folder, index).write_text(settings.word)


def is_written(folder, index):
    return path_of(folder, index).is_file()


def test_subjects_are_counted_from_one():
    assert [subject_name(index) for index in (0, 9, 999)] == ["sub-001", "sub-010", "sub-1000"]


def test_complete_subjects_are_kept_and_missing_ones_made(tmp_path):
    write_cohort(tmp_path, 2, Greeting(), write, is_written)
    path_of(tmp_path, 0).write_text("kept")
    path_of(tmp_path, 1).unlink()
    write_cohort(tmp_path, 3, Greeting(), write, is_written)
    assert [path_of(tmp_path, index).read_text() for index in range(3)] == ["kept", "hello", "hello"]


def test_other_settings_in_the_same_folder_are_refused(tmp_path):
    write_cohort(tmp_path, 1, Greeting(), write, is_written)
    with pytest.raises(ConfigError, match=r"other settings \(word hello there, bye here\); choose another"):
        write_cohort(tmp_path, 1, Greeting("bye"), write, is_written)


@pytest.mark.parametrize(("num_subjects", "workers"), [(0, 1), (1, 0)])
def test_numbers_below_one_are_refused_before_anything_is_written(tmp_path, num_subjects, workers):
    with pytest.raises(ConfigError, match="at least 1 subject and 1 worker"):
        write_cohort(tmp_path, num_subjects, Greeting(), write, is_written, workers)
    assert not list(tmp_path.iterdir())


def test_a_user_error_names_its_subject(tmp_path):
    def fail(*_):
        raise DataError("nobody there")

    with pytest.raises(DataError, match="sub-001: nobody there"):
        write_cohort(tmp_path, 2, Greeting(), fail, is_written)


def test_another_error_carries_its_subject_as_a_note(tmp_path):
    with pytest.raises(ZeroDivisionError) as caught:
        write_cohort(tmp_path, 2, Greeting(), lambda *_: 1 / 0, is_written)
    assert caught.value.__notes__ == ["while simulating sub-001"]


def test_children_start_with_one_thread_and_the_parent_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with cohort._one_thread_for_children():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
