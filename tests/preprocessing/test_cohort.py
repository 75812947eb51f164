import os
from dataclasses import dataclass

import pytest

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


def write_or_fail(folder, index, settings):
    if index == 1:
        raise DataError("nobody there")
    write(folder, index, settings)


def write_or_die(folder, index, settings):
    if index == 1:
        os._exit(1)
    write(folder, index, settings)


def divide_by_zero(*_):
    return 1 / 0


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_makes_all_subjects(tmp_path, workers, capfd):
    write_cohort(tmp_path, 5, Greeting(), write, is_written, workers)
    assert [path_of(tmp_path, index).read_text() for index in range(5)] == ["hello"] * 5
    assert "5/5" in capfd.readouterr().err


def test_an_error_in_another_process_names_its_subject_as_well(tmp_path):
    with pytest.raises(DataError, match="sub-002: nobody there"):
        write_cohort(tmp_path, 3, Greeting(), write_or_fail, is_written, workers=2)
    with pytest.raises(ZeroDivisionError) as caught:
        write_cohort(tmp_path / "other", 2, Greeting(), divide_by_zero, is_written, workers=2)
    assert "Traceback" in caught.value.__notes__[0]
    assert caught.value.__notes__[1].startswith("while simulating sub-00")


def test_a_process_that_dies_is_told_in_one_line_with_its_subject(tmp_path):
    with pytest.raises(DataError, match=r"^sub-002: its process ended .* complete subjects are kept$"):
        write_cohort(tmp_path, 3, Greeting(), write_or_die, is_written, workers=2)
    write_cohort(tmp_path, 3, Greeting(), write, is_written, workers=2)
    assert all(is_written(tmp_path, index) for index in range(3))
