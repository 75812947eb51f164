"""Check a bundle before it is packed: what MONAI and its model zoo demand, and no unknown code; offline."""

import contextlib
import hashlib
import logging
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser, ckpt_export, verify_metadata, verify_net_in_out
from monai.bundle.properties import InferProperties, MetaProperties, TrainProperties
from tqdm import tqdm

from taskgan_ext.bundle.requirements import check_requirements
from taskgan_ext.errors import BundleError, TaskGANError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.release.check import METADATA
from taskgan_ext.release.config_lint import lint_bundle
from taskgan_ext.release.contents import WEIGHTS, select_files
from taskgan_ext.release.manifest import VERSION
from taskgan_ext.release.weights_check import check_exports, check_weights

SCHEMA = Path(__file__).with_name("meta_schema.json")
"""What the schema of 2024-07-25 demands, which ``metadata.json`` names by an address."""
INFERENCE = "configs/inference.json"
PROPERTIES: dict[str, dict[str, dict[str, Any]]] = {
    INFERENCE: InferProperties,
    "configs/train.json": TrainProperties,
}


def verify_bundle(bundle: Path, packages: Collection[str] = ()) -> list[str]:
    """Check a bundle before it is packed.

    Args:
        bundle: its folder.
        packages: as for :func:`.check_bundle`; imported to build what the configuration names.

    Returns:
        Paths to pack, sorted.

    Raises:
        TaskGANError: the first thing that is wrong.
    """
    bundle = bundle.resolve()
    paths, _ = select_files(bundle)
    # Text before code: from the third check on, MONAI builds what the configuration names.
    checks: dict[str, Callable[[], object]] = {
        "configuration": lambda: lint_bundle(bundle, paths, packages),
        "metadata": lambda: check_metadata(bundle),
        "properties": lambda: check_properties(bundle, paths),
        "weights": lambda: check_weights(bundle, paths),
        "exports": lambda: check_exports(bundle, paths),
        "network in and out": lambda: check_network(bundle),
        "TorchScript": lambda: check_torchscript(bundle),
    }
    with tqdm(checks.items(), desc="verifying", leave=False) as bar, quiet():
        for title, check in bar:
            bar.set_postfix_str(title)
            try:
                check()
            except TaskGANError:
                raise
            # MONAI and torch raise whatever they meet in the bundle.
            except Exception as error:
                raise BundleError(f"{bundle}: {title} fails the check ({error})") from error
    return paths


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the notes and warnings of MONAI's commands off the terminal; errors are raised.

    Yields:
        Nothing.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)


def check_metadata(bundle: Path) -> None:
    """Compare ``metadata.json`` with the schema, the folder, its changelog and the installed packages.

    Args:
        bundle: its folder.

    Raises:
        BundleError: the name is not that of the folder, the version is not three numbers or has no line in
            the changelog.
        DependencyError: the bundle asks for newer packages than those it would be verified with.
        ValueError: the schema is not met; MONAI's message.
    """
    path = bundle / METADATA
    content = read_json(path)
    version = content.get("version")
    if content.get("name") != bundle.name:
        raise BundleError(
            f"{path}: expected the name of the folder, {bundle.name}, got {content.get('name')!r}"
        )
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise BundleError(f"{path}: expected a version of three numbers such as 0.1.0, got {version!r}")
    if version not in content.get("changelog", {}):
        raise BundleError(f"{path}: expected a line of the changelog for version {version}, found none")
    # MONAI downloads nothing where the file of the schema is there and has the sum.
    digest = hashlib.sha256(SCHEMA.read_bytes()).hexdigest()
    verify_metadata(meta_file=str(path), filepath=str(SCHEMA), hash_val=digest, hash_type="sha256")
    check_requirements(content)


def check_properties(bundle: Path, paths: list[str]) -> None:
    """Look for the ids that MONAI's applications read.

    MONAI's own ``check_properties`` builds them all, for which a workflow needs data; the tests of the
    bundles do that.

    Args:
        bundle: its folder.
        paths: files to pack.

    Raises:
        BundleError: an id is missing.
    """
    metadata = ConfigParser.load_config_file(bundle / METADATA)
    missing = [
        f"{METADATA}: {name}"
        for name in MetaProperties
        if name not in metadata and _needed(MetaProperties[name])
    ]
    for path in [each for each in PROPERTIES if each in paths]:
        parser = ConfigParser(ConfigParser.load_config_file(bundle / path))
        wanted = [entry["id"] for entry in PROPERTIES[path].values() if _needed(entry)]
        missing += [f"{path}: {id_}" for id_ in wanted if id_ not in parser]
    if missing:
        raise BundleError(
            f"{bundle}: expected the ids that MONAI reads, but there is no {', '.join(missing)}"
        )


def _needed(entry: dict[str, Any]) -> bool:
    return bool(entry["required"])


def check_network(bundle: Path) -> None:
    """Pass an image through the generator and compare what comes with the metadata.

    Args:
        bundle: its folder.

    Raises:
        ValueError: channels or type differ; MONAI's message.
    """
    verify_net_in_out("network_def", device="cpu", **_files(bundle))


def check_torchscript(bundle: Path) -> None:
    """Export the weights to TorchScript, as the model zoo does, and throw the file away.

    Args:
        bundle: its folder.

    Raises:
        Exception: whatever MONAI or torch raises of a network that cannot be scripted.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "model.ts")
        ckpt_export("network_def", filepath=target, ckpt_file=str(bundle / WEIGHTS), **_files(bundle))


def _files(bundle: Path) -> dict[str, str]:
    return {
        "meta_file": str(bundle / METADATA),
        "config_file": str(bundle / INFERENCE),
        "bundle_root": str(bundle),
    }
