"""The Containerfiles, and the step in a place like the container that they describe."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from monai.bundle import ConfigParser
from pydicom.uid import RLELossless
from tiny_release import copy_with_small_networks, fresh_weights, write_manifest

from preprocessing.pet.dicom_export import write_pet_dicom
from taskgan_ext.clinical.__main__ import main
from taskgan_ext.dicom.read_series import read_series
from tests.integrations.isolated_run import REPOSITORY, UID, run_isolated, why_not

FOLDER = REPOSITORY / "integrations" / "container"
PATIENT = "Quaternion^Hamilton"
AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2.5, 0, 30], [0, 0, 3.0, 10], [0, 0, 0, 1]])
isolated = pytest.mark.skipif(bool(why_not()), reason=why_not())


def instructions(name: str) -> list[tuple[str, str]]:
    """Instructions of a Containerfile with what they say, in order."""
    text = (FOLDER / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage(name: str = "Containerfile") -> dict[str, str]:
    """The last of each instruction after the last FROM."""
    found = instructions(name)
    begin = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return dict(found[begin:])


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(last_stage()["ENV"]))


def command(name: str = "Containerfile") -> list[str]:
    return [*json.loads(last_stage()["ENTRYPOINT"])[1:], *json.loads(last_stage(name)["CMD"])]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed PET bundle with small networks that were never trained, which applies to any grid."""
    copy = copy_with_small_networks(
        REPOSITORY / "bundles" / "pet_denoising", tmp_path_factory.mktemp("container")
    )
    fresh_weights(copy)
    parser = ConfigParser(json.loads((copy / "configs" / "train.json").read_text(encoding="utf-8")))
    task_network = parser.get_parsed_content("task_network_def")
    torch.save(task_network.state_dict(), copy / "models" / "task_network.pt")
    path = copy / "configs" / "clinical.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    table["applies_to"] |= {"voxel_mm": [[0.1, 10]] * 3, "shape": [[1, 600]] * 3}
    path.write_text(json.dumps(table | {"gate": {}}), encoding="utf-8")
    write_manifest(copy)
    return copy


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A compressed series of a patient with a name, so that a child process decodes it."""
    folder = tmp_path / "scan"
    volume = np.random.default_rng(1).gamma(2, 4000, size=(40, 36, 5)).astype(np.float32)
    write_pet_dicom(volume, AFFINE, folder, seed=3)
    for path in folder.iterdir():
        image = pydicom.dcmread(path)
        image.PatientName, image.PatientID = PATIENT, PATIENT
        image.compress(RLELossless, generate_instance_uid=False)
        image.save_as(path)
    return folder


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """What the step may write to, by where it sees it."""
    found = {"/output": tmp_path / "out", "/tmp": tmp_path / "scratch"}
    for folder in found.values():
        folder.mkdir()
        folder.chmod(0o777)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.mark.slow
@isolated
def test_the_step_runs_read_only_without_network_and_as_a_user_without_name(root, places, bundle, scan):
    given = {"MERCURE_IN_DIR": "/input", "MERCURE_OUT_DIR": "/output"}
    readable = {"/bundle": bundle, "/input": scan}
    done = run_isolated(command("mercure.Containerfile"), root, readable, places, environment() | given)
    assert done.returncode == 0, done.stderr
    out = places["/output"]
    result = (out / "result.json").read_text(encoding="utf-8")
    (entry,) = json.loads(result)["series"]
    files = [out / name for name in entry["files"]]
    assert {path.stat().st_uid for path in files} == {UID}
    derived = read_series(files)
    assert derived.volume.shape == (40, 36, 5)
    assert {str(header.PatientName) for header in derived.headers} == {PATIENT}
    left = [path.read_bytes().decode("latin-1") for path in places["/tmp"].rglob("*") if path.is_file()]
    assert not any(PATIENT in text for text in (done.stdout, done.stderr, result, *left))


@pytest.mark.slow
@isolated
def test_an_output_folder_of_somebody_else_is_told_in_one_line(root, places, bundle, scan):
    places["/output"].chmod(0o755)
    arguments = [*command()[:3], "/input", "/output", *command()[3:]]
    readable = {"/bundle": bundle, "/input": scan}
    done = run_isolated(arguments, root, readable, places, environment())
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
    assert not any(places["/output"].iterdir())


@isolated
def test_there_is_no_network_no_privilege_and_no_place_to_write_but_those_given(root, places, bundle):
    code = (
        "import os, socket, tempfile\n"
        "print(os.getuid(), [name for _, name in socket.if_nameindex()])\n"
        "print([line for line in open('/proc/self/status') if line.startswith('CapBnd')])\n"
        "for folder in ('/', '/bundle', '/usr', '/output', '/tmp'):\n"
        "    try:\n"
        "        tempfile.TemporaryFile(dir=folder)\n"
        "        print(folder, 'yes')\n"
        "    except OSError:\n"
        "        print(folder, 'no')\n"
    )
    done = run_isolated(["-c", code], root, {"/bundle": bundle}, places, environment())
    assert done.stdout.splitlines() == [
        f"{UID} ['lo']",
        "['CapBnd:\\t0000000000000000\\n']",
        "/ no",
        "/bundle no",
        "/usr no",
        "/output yes",
        "/tmp yes",
    ]


def test_the_image_runs_as_a_number_that_is_not_root_and_opens_nothing():
    stage = last_stage()
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage["USER"])
    assert stage["WORKDIR"] == "/"
    assert not {"VOLUME", "EXPOSE", "ADD", "HEALTHCHECK", "ONBUILD"} & {
        word for word, _ in instructions("Containerfile")
    }
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    assert "etc/monai" not in text
    assert "esearch use only, not for diagnosis" in stage["LABEL"]


@pytest.mark.parametrize("name", ["Containerfile", "mercure.Containerfile"])
def test_its_command_is_one_of_the_package(name, capsys):
    assert command(name)[:3] == ["-m", "taskgan_ext.clinical", "process"]
    with pytest.raises(SystemExit) as ended:
        main([*command(name)[2:], "--help"])
    assert ended.value.code == 0
    assert "not for diagnosis" in capsys.readouterr().out


def test_what_it_installs_is_pinned():
    constraints = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0].lower() for line in constraints.splitlines()}
    installs = [rest for word, rest in instructions("Containerfile") if word == "RUN"]
    assert all("-c constraints.txt" in rest for rest in installs)
    assert {"torch", "scipy", "monai", "pydicom", "highdicom"} <= pinned
    bases = [rest for word, rest in instructions("Containerfile") if word == "ARG" and "/python:" in rest]
    assert not any(base.endswith(("latest", "python")) for base in bases)


def test_what_it_copies_is_there_and_nothing_else_is_sent_to_the_builder():
    sources = [
        source
        for word, rest in instructions("Containerfile")
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    lines = (FOLDER / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert all((REPOSITORY / source).exists() for source in sources)
    assert next(line for line in lines if not line.startswith("#")) == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == set(sources)
