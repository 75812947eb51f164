"""The example for MONAI Deploy restores a series; without the SDK a message tells how to get it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from taskgan_ext.deploy.bundle_restoration import BundleRestoration
from taskgan_ext.dicom.read_series import read_series

ROOT = Path(__file__).parents[3]
APP = ROOT / "docs" / "examples" / "deploy_app.py"
SECONDS = 300


def run(words: Sequence[object]) -> subprocess.CompletedProcess[str]:
    # In a process of its own: the SDK sets up logging, and warns of the stack, which is an error here.
    return subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="session")
def import_sdk() -> subprocess.CompletedProcess[str]:
    """What comes of importing the operators."""
    return run(["-c", "import sys; sys.path.insert(0, '.'); import taskgan_ext.deploy.operators"])


@pytest.fixture
def sdk(import_sdk: subprocess.CompletedProcess[str]) -> None:
    if import_sdk.returncode != 0:
        pytest.skip("the MONAI Deploy App SDK is not installed (docs/deploy.md)")


def test_without_the_sdk_the_message_says_how_to_install_it(
    import_sdk: subprocess.CompletedProcess[str],
) -> None:
    if import_sdk.returncode == 0:
        pytest.skip("the MONAI Deploy App SDK is installed")
    message = import_sdk.stderr.splitlines()[-1]
    assert message.startswith(
        "taskgan_ext.errors.DependencyError: operators of MONAI Deploy need its App SDK"
    )
    assert 'pip install "taskgan-ext[deploy]"' in message


@pytest.mark.usefixtures("sdk")
def test_the_application_writes_the_derived_series(bundle: Path, pet_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    found = run([APP, "-i", pet_folder, "-o", tmp_path / "out", "-m", bundle])
    assert found.returncode == 0, found.stderr
    source, derived = read_series(pet_folder), read_series(tmp_path / "out" / "restored")
    values = BundleRestoration(bundle)(source)
    assert np.abs(derived.volume - values).max() <= values.max() / 32767
    np.testing.assert_array_equal(derived.affine, source.affine)


@pytest.mark.usefixtures("sdk")
def test_the_application_ends_with_a_refusal_and_writes_nothing(
    bundle: Path, pet_folder: Path, tmp_path: Path
) -> None:
    next(pet_folder.iterdir()).unlink()
    (tmp_path / "out").mkdir()
    found = run([APP, "-i", pet_folder, "-o", tmp_path / "out", "-m", bundle])
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1].endswith("send the series again, whole and alone [incomplete]")
    assert list((tmp_path / "out").iterdir()) == []
