"""Imports that are killed at their worst moments, in processes of their own."""

import json
import signal
import subprocess
import sys

import pytest

from preprocessing.imported_datalist import all_items
from preprocessing.mr.mr_subjects import MR_SUBJECTS
from preprocessing.mr.subject_files import is_complete, list_items
from preprocessing.subject_exchange import exchange_subject, undo_killed_imports
from taskgan_ext.io.atomic import write_json
from taskgan_ext.mr.protocol import load_protocols

NAME = "sub-01"
SCRIPT = """
import os, pathlib, shutil, signal, sys
from pathlib import Path
import dataclasses
from preprocessing import subject_exchange
sys.path.insert(0, str(Path(sys.argv[1]).parent))
import test_subject_exchange as here

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after_renaming(name):
    rename = pathlib.Path.rename
    def rename_and_die(self, target):
        rename(self, target)
        if self.name == name:
            die()
    pathlib.Path.rename = rename_and_die

write, kind = here.writer(sys.argv[3]), here.MR_SUBJECTS
{moment}
subject_exchange.exchange_subject(Path(sys.argv[2]), here.NAME, write, None, kind)
"""
MOMENTS = {
    "at the start": "write = die",
    "in a file": (
        "leave = lambda *_: (Path(sys.argv[2], '.writing-1').touch(), die())\n"
        "kind = dataclasses.replace(kind, list_items=leave)"
    ),
    "written": "subject_exchange._put_in_place = die",
    "old one away": f"die_after_renaming('{NAME}')",
    "in place": "subject_exchange.update_datalist = die",
    "listed": (
        "update = subject_exchange.update_datalist\n"
        "subject_exchange.update_datalist = lambda *given: (update(*given), die())"
    ),
}


def writer(content):
    """A function that writes a subject as far as the data list asks for it; its files hold ``content``."""

    def write(folder):
        target = folder / NAME
        target.mkdir()
        files = [f"{NAME}_{part}.nii.gz" for part in ("mdme", "T1w", content)]
        for file in files:
            (target / file).write_text(content)
        write_json(
            target / f"{NAME}.json",
            {
                "contrasts": ["T1w"],
                "protocols": {name: protocol.to_dict() for name, protocol in load_protocols().items()},
                "sha256": dict.fromkeys(files, content),
                "extra": {},
            },
        )

    return write


def content_of(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kill(folder, content, moment):
    script = SCRIPT.format(moment=MOMENTS[moment])
    ended = subprocess.run([sys.executable, "-c", script, __file__, str(folder), content], check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_import_is_undone_and_can_be_given_again(tmp_path, moment):
    first, second = tmp_path / "new", tmp_path / "replaced"
    first.mkdir()
    kill(first, "new", moment)
    undo_killed_imports(first, MR_SUBJECTS)
    assert content_of(first) == {}
    second.mkdir()
    exchange_subject(second, NAME, writer("old"), "test", MR_SUBJECTS)
    before = content_of(second)
    kill(second, "new", moment)
    undo_killed_imports(second, MR_SUBJECTS)
    assert content_of(second) == before
    for folder in (first, second):
        exchange_subject(folder, NAME, writer("new"), None, MR_SUBJECTS)
        assert is_complete(folder, NAME)
        assert all_items(folder) == list_items(folder, NAME)
        assert sorted(path.name for path in folder.iterdir()) == ["datalist.json", NAME]
    assert json.loads((second / "datalist.json").read_text())["test"]


def test_an_error_leaves_the_old_subject(tmp_path):
    exchange_subject(tmp_path, NAME, writer("old"), None, MR_SUBJECTS)
    before = content_of(tmp_path)

    def fail(folder):
        writer("new")(folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exchange_subject(tmp_path, NAME, fail, None, MR_SUBJECTS)
    assert content_of(tmp_path) == before
