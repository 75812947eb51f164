"""What the integration ships, without a server."""

import ast
import re
import subprocess
import sys

import pytest

from tests.integrations.label_server import INTEGRATION, REPOSITORY


def pins(name):
    lines = (INTEGRATION / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_everything_is_pinned_within_the_limits_of_monai_label():
    found = pins("requirements.txt")
    assert found["numpy"].startswith("1.26.")
    assert found["pydicom"].startswith("2.")
    assert found["jsonschema"].startswith("3.2.")
    assert found["dicomweb-client"].startswith("0.59.")
    assert pins("requirements_alone.txt")["monailabel"] == "0.8.5"
    assert not found.keys() & pins("requirements_alone.txt").keys()


def test_the_frameworks_are_those_of_the_project():
    constraints = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    ours = dict(line.split("==") for line in constraints if not line.startswith("#"))
    found = pins("requirements.txt")
    assert {name: found[name] for name in ("torch", "monai")} == {
        name: ours[name] for name in ("torch", "monai")
    }


def test_the_environment_is_not_made_with_a_python_that_does_not_fit(tmp_path):
    too_new = tmp_path / "python"
    too_new.write_text("#!/bin/sh\nexec false\n")
    too_new.chmod(0o755)
    script = INTEGRATION / "make_environment.sh"
    done = subprocess.run(
        ["bash", script, tmp_path / "environment"],
        env={"PYTHON": str(too_new), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert not (tmp_path / "environment").exists()


def test_monai_label_is_imported_by_the_app_only():
    pattern = re.compile(r"^\s*(import|from) monailabel", re.MULTILINE)
    files = [path for name in ("taskgan_ext", "preprocessing") for path in (REPOSITORY / name).rglob("*.py")]
    assert [path for path in files if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_the_stand_in_lets_monai_label_start_and_fails_where_it_is_used():
    code = "from torchvision.utils import make_grid, save_image; make_grid(1)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(INTEGRATION / "stand_in")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ImportError: torchvision is not installed in this environment" in done.stderr


def test_the_client_needs_the_standard_library_of_python_3_9_only():
    tree = ast.parse((INTEGRATION / "restore.py").read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("image", ["scan.nii.gz", "absent.nii.gz"])
def test_the_client_says_in_one_line_what_is_missing(image, tmp_path):
    (tmp_path / "scan.nii.gz").touch()
    words = [
        INTEGRATION / "restore.py",
        image,
        "out.nii.gz",
        "--model",
        "m",
        "--server",
        "http://127.0.0.1:1",
    ]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert ("cannot be reached" if image == "scan.nii.gz" else "absent.nii.gz") in done.stderr
    assert not (tmp_path / "out.nii.gz").exists()
