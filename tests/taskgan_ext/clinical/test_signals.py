"""A signal ends the command in order: whole series or none, nothing hidden, one line, a status that tells."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pydicom
import pytest

from taskgan_ext.clinical.process_command import FOLDERS
from taskgan_ext.clinical.result import RESULT_FILE
from taskgan_ext.io.atomic import TEMPORARY

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")]
Write = Callable[..., Path]
SECONDS = 120
SLICES, SERIES = 6, 8


@pytest.mark.parametrize(
    ("numbers", "flat"),
    [
        ([signal.SIGINT], False),
        ([signal.SIGTERM, signal.SIGTERM, signal.SIGINT], False),
        ([signal.SIGTERM], True),
    ],
)
def test_a_signal_leaves_whole_series_nothing_hidden_and_no_result(
    numbers: Sequence[int], flat: bool, pet_bundle: Path, pet_series: Write, tmp_path: Path
) -> None:
    for seed in range(SERIES):
        pet_series(tmp_path / "in" / str(seed), seed=seed)
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    out.mkdir()
    command = [sys.executable, "-m", "taskgan_ext.clinical", "process"]
    command += ["--bundle", str(pet_bundle), "--device", "cpu"]
    names = {name for group in FOLDERS.values() for name in group}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"TMPDIR": str(temporary)}
    if flat:
        environment |= {"MERCURE_IN_DIR": str(tmp_path / "in"), "MERCURE_OUT_DIR": str(out)}
    else:
        command += [str(tmp_path / "in"), str(out)]
    step = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + SECONDS
        while not any(out.glob(f"{TEMPORARY}*/made/*/*")):  # in the middle of a series
            assert step.poll() is None
            assert time.monotonic() < end
        for number in numbers:
            step.send_signal(number)
        _, told = step.communicate(timeout=SECONDS)
    finally:
        step.kill()
        step.wait()
    *audit, last = told.decode().splitlines()
    assert (step.returncode, last) == (1, "error: interrupted")
    assert all(line.startswith("{") for line in audit)
    assert not (out / RESULT_FILE).exists()
    assert not any(path.name.startswith(".") for path in out.iterdir())
    assert list(temporary.iterdir()) == []
    found: dict[str, int] = {}
    for path in out.rglob("*.dcm"):
        uid = str(pydicom.dcmread(path).SeriesInstanceUID)
        found[uid] = found.get(uid, 0) + 1
    assert len(found) < SERIES
    assert set(found.values()) <= {SLICES}
