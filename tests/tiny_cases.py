"""Cases as small as they can be, some of which go wrong: for tests of schedules and of runs over cohorts."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from preprocessing.run.column import Column, read_number, read_whole
from preprocessing.subject_kind import SubjectKind
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import write_json


class OddError(Exception):
    """An error that can be sent, but not read again."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def succeed(value="fine"):
    return value


def fail():
    raise ZeroDivisionError("no patient's name in here")


def refuse():
    raise DataError("expected a scan, got a picture")


def fail_oddly():
    raise OddError("one", "two")


def leave():
    sys.exit(4)


def end_itself():
    os._exit(3)


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def crash():
    ctypes.string_at(0)


def hang():
    """Long, with a process of its own."""
    subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], check=True)


def give_what_cannot_be_sent():
    return lambda: None


def number_of_threads():
    return os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]


def process_number():
    return os.getpid()


def fail_until_there(path):
    """Fail the first time."""
    if not path.exists():
        path.touch()
        raise RuntimeError("not yet")
    return "at last"


def wait_for(path):
    """Say that it runs, and wait until it may end."""
    path.with_suffix(".started").touch()
    while not path.exists():
        time.sleep(0.01)


def _list_items(folder, subject):
    record = json.loads((folder / subject / "record.json").read_text())
    return [
        {
            "image": f"{subject}/copy.txt",
            "label": f"{subject}/copy.txt",
            "property": record["value"],
            "subject": subject,
        }
    ]


def _is_complete(folder, subject):
    return (folder / subject / "record.json").is_file() and (folder / subject / "copy.txt").is_file()


def write_to_full_disk():
    raise OSError(28, "No space left on device")


ACTIONS = {
    "copy": succeed,
    "fail": fail,
    "refuse": refuse,
    "end": end_itself,
    "kill": kill_itself,
    "hang": hang,
    "full": write_to_full_disk,
}
WITH_FILE = {
    "once": lambda path: fail_until_there(path.with_suffix(".marker")),
    "wait": lambda path: wait_for(path.with_suffix(".go")),
}


class TinyKind:
    """Copies a text, with a number from the table, after an action."""

    name = "tiny"
    columns = (
        Column("file", required=True, is_path=True),
        Column("value", read_number, required=True),
        Column("action"),
        Column("seed", read_whole),
    )
    subjects = SubjectKind(
        name="copies",
        description="Texts and their copies",
        modality="TXT",
        property_info={"name": "number", "type": "binary", "classes": ["zero", "one"]},
        list_items=_list_items,
        is_complete=_is_complete,
    )

    def make_request(self, subject, values):
        if values.get("action", "copy") not in ACTIONS | WITH_FILE:
            raise ConfigError(f"expected an action among {', '.join(ACTIONS | WITH_FILE)}")
        return subject, values

    def companions(self, values):
        return [values["file"].with_suffix(".beside")]

    def run(self, request, folder):
        subject, values = request
        target = folder / subject
        target.mkdir()
        (target / "copy.txt").write_text(values["file"].read_text())
        action = values.get("action", "copy")
        if action in WITH_FILE:
            WITH_FILE[action](values["file"])
        else:
            ACTIONS[action]()
        write_json(target / "record.json", {"value": values["value"], "seed": values["seed"]})
        return ("worth knowing",) if values["value"] == 1 else ()


def find_tiny(name):
    """As ``find_kind``, for ``read_cohort_file``."""
    if name != "tiny":
        raise ConfigError(f"expected tiny, got {name!r}")
    return TinyKind()


def write_tiny_table(folder: Path, actions, head="", row=""):
    """Write a cohort file with a subject for each action; give its path."""
    parts = [f'[cohort]\nkind = "tiny"\nout = "out"\n{head}\n']
    for number, action in enumerate(actions, start=1):
        (folder / f"text-{number}.txt").write_text(f"text {number}")
        parts.append(
            f'[[subjects]]\nsubject = "sub-{number:02d}"\nfile = "text-{number}.txt"\n'
            f'value = {number % 2}\naction = "{action}"\n{row}\n'
        )
    path = folder / "cohort.toml"
    path.write_text("\n".join(parts))
    return path
