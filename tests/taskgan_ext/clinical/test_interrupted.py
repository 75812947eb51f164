"""Whenever the step ends, nothing half is seen: series are whole, and the result comes last."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest

from taskgan_ext.clinical.open_bundle import ClinicalBundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.result import RESULT_FILE

Write = Callable[..., Path]
STEPS = {
    "a slice": ("taskgan_ext.dicom.derived.series_folder._add_meta", 9),
    "the first series": ("taskgan_ext.clinical.process.deliver", 1),
    "the second series": ("taskgan_ext.clinical.process.deliver", 2),
    "the result": ("taskgan_ext.clinical.process.write_json", 1),
}
"""Functions within which the step ends, and at which of their calls; each series has six slices."""
SEEN = (1, 0, 1, 2)
"""Series that are there then."""
SECONDS = 300
CHILD = """
import importlib, json, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from taskgan_ext.clinical.open_bundle import open_bundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
source, out, bundle, steps = (*map(Path, sys.argv[1:4]), json.loads(sys.argv[4]))
options = ProcessOptions(bundle, "cpu")
opened = open_bundle(options)
for name, (function, call) in steps.items():
    if os.fork() == 0:
        module, _, attribute = function.rpartition(".")
        module = importlib.import_module(module)
        whole, calls = getattr(module, attribute), []
        def dying(*arguments, **words):
            calls.append(None)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(*arguments, **words)
        setattr(module, attribute, dying)
        process_folder(source, out / name, opened, options)
        os._exit(0)
    _, status = os.wait()
    print(os.waitstatus_to_exitcode(status))
"""


@pytest.fixture
def source(pet_series: Write, tmp_path: Path) -> Path:
    """Two series."""
    for seed in (1, 2):
        pet_series(tmp_path / "in" / str(seed), seed=seed)
    return tmp_path / "in"


def check_whole(out: Path) -> int:
    """Count the series that are seen; each must be whole."""
    seen = [path for path in out.iterdir() if not path.name.startswith(".")]
    for folder in seen:
        assert folder.is_dir()
        assert [pydicom.dcmread(path).InstanceNumber for path in sorted(folder.iterdir())] == [*range(1, 7)]
    return len(seen)


@pytest.mark.parametrize(("step", "series"), [*zip(STEPS, SEEN, strict=True)])
def test_an_error_leaves_whole_series_and_no_result(
    step: str,
    series: int,
    pet: ClinicalBundle,
    options: ProcessOptions,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    function, call = STEPS[step]
    module, _, attribute = function.rpartition(".")
    whole: Any = getattr(sys.modules[module], attribute)
    calls: list[None] = []

    def fail(*arguments: Any, **words: Any) -> Any:
        calls.append(None)
        if len(calls) == call:
            raise OSError(28, "No space left on device")
        return whole(*arguments, **words)

    out = tmp_path / "out"
    process_folder(source, out, pet, options)  # what an earlier run wrote must not be taken for this one's
    for path in out.glob("*-denoised"):
        path.rename(path.with_name("moved " + path.name))
    monkeypatch.setattr(function, fail)
    with pytest.raises(OSError, match="No space left"):
        process_folder(source, out, pet, options)
    assert not any(path.name.startswith(".") for path in out.iterdir())
    assert check_whole(out) == 2 + series
    monkeypatch.undo()
    assert process_folder(source, out, pet, options).written
    assert (out / RESULT_FILE).is_file()


def test_an_error_between_the_files_of_a_series_without_folder_leaves_none_of_them(
    pet: ClinicalBundle,
    options: ProcessOptions,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, calls = Path.replace, []

    def fail(path: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 9:  # in the second series
            raise OSError(28, "No space left on device")
        return whole(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        process_folder(source, tmp_path / "out", pet, replace(options, flat=True))
    left = {str(pydicom.dcmread(path).SeriesInstanceUID) for path in (tmp_path / "out").iterdir()}
    assert (len(left), len(list((tmp_path / "out").iterdir()))) == (1, 6)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_leaves_whole_series_and_no_result_and_the_next_run_ends_the_work(
    pet: ClinicalBundle, options: ProcessOptions, pet_bundle: Path, source: Path, tmp_path: Path
) -> None:
    child = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            CHILD,
            source,
            tmp_path / "out",
            pet_bundle,
            json.dumps(STEPS),
        ],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert child.stdout.split() == [str(-signal.SIGKILL)] * len(STEPS), child.stderr
    for step, series in zip(STEPS, SEEN, strict=True):
        out = tmp_path / "out" / step
        assert not (out / RESULT_FILE).exists()
        assert check_whole(out) == series
        result = process_folder(source, out, pet, options)
        assert len([each for each in result.series if each.files]) == 2
        assert sum(len(list(folder.iterdir())) for folder in out.glob("*-denoised")) == 12
