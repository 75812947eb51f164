"""Which classes and functions the configuration of a bundle may name: decided without importing them."""

import ast
import importlib.util
import re
import sys
from collections.abc import Collection
from functools import cache
from pathlib import Path

from taskgan_ext.errors import BundleError

_PACKAGE = Path(__file__).parents[1]
_OWN_AREAS = frozenset(
    {
        "bundle",
        "data",
        "engines",
        "export",
        "handlers",
        "inferers",
        "losses",
        "metrics",
        "mr",
        "networks",
        "tracking",
        "transforms",
    }
)
_REVIEWED = frozenset({"ignite", "monai", "numpy", "taskgan_ext", "torch"})
_OWN_MODULES = frozenset({"taskgan_ext.io.presentation.Presentation"})
_MONAI_AREAS = (
    "data",
    "engines",
    "handlers",
    "inferers",
    "losses",
    "metrics",
    "networks",
    "optimizers",
    "transforms",
    "visualize",
)
# A prefix alone would not do: torch.os.system and taskgan_ext.io.optional_package.importlib.import_module are
# what Python finds under these names. So every name is a class at its public place, or listed.
_ELSEWHERE = re.compile(
    r"torch\.(nn|optim|optim\.lr_scheduler|utils\.data)\.[A-Z]\w*"
    r"|torch\.optim\.swa_utils\.(AveragedModel|SWALR|get_ema_multi_avg_fn)"
    r"|ignite\.(handlers|metrics)\.[A-Z]\w*"
)
_MONAI_PATH = re.compile(
    rf"monai\.({'|'.join(_MONAI_AREAS)}|networks\.(nets|blocks|layers)|transforms\.utility)\.([A-Z]\w*)"
)
# They fetch programs from the network, or take them from a folder that the configuration names.
_FETCHING = frozenset({"MedicalNetPerceptualSimilarity", "PerceptualLoss", "RadImageNetPerceptualSimilarity"})
_CLASS = re.compile(r"^class ([A-Z]\w*)", flags=re.MULTILINE)


def check_packages(packages: Collection[str]) -> None:
    """Make sure that packages can be allowed beside the reviewed names.

    Args:
        packages: names of top-level packages that the user trusts.

    Raises:
        BundleError: one is part of Python or reviewed name by name, or is not installed, so that its names
            cannot be looked up.
    """
    for name in packages:
        own = name.isidentifier() and not name.startswith("_") and name not in _REVIEWED
        if not own or name in sys.stdlib_module_names:
            raise BundleError(f"--allow-package {name}: expected a package of your own")
        if _place_of(name) is None:
            raise BundleError(
                f"--allow-package {name}: expected an installed package, whose names can be looked up"
            )


def is_allowed_target(target: object, packages: Collection[str] = ()) -> bool:
    """Say whether ``_target_`` is a reviewed kind of name.

    Args:
        target: value of ``_target_``.
        packages: top-level packages of others whose public classes and functions are allowed as well.

    Returns:
        ``True`` for public classes and functions that this package defines for configurations, classes of
        the parts of MONAI that networks are built, fed and measured with, and classes and a few functions of
        ``torch.nn``, ``torch.optim`` and Ignite.
    """
    if not isinstance(target, str):
        return False
    if target.startswith("taskgan_ext."):
        return _is_own(target)
    package, _, rest = target.partition(".")
    if package in packages:
        return _is_public(package, rest.split("."))
    if "." not in target:
        return target in _monai_classes() - _FETCHING
    monai = _MONAI_PATH.fullmatch(target)
    return monai[3] in _monai_classes() - _FETCHING if monai else bool(_ELSEWHERE.fullmatch(target))


def _is_own(target: str) -> bool:
    _, *path = target.split(".")
    in_area = len(path) > 1 and path[0] in _OWN_AREAS
    return target in _OWN_MODULES or (in_area and _is_public(_PACKAGE.name, path))


def _is_public(package: str, path: list[str]) -> bool:
    *module, name = path
    hidden = any(part.startswith("_") or not part.isidentifier() for part in path)
    return not hidden and name in _public_names(package, tuple(module))


@cache
def _public_names(package: str, module: tuple[str, ...]) -> frozenset[str]:
    """What a module defines, and what a package re-exports of it."""
    top = _place_of(package)
    if top is None:
        return frozenset()
    place = top.joinpath(*module)
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not file.is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif place.is_dir() and isinstance(node, ast.ImportFrom):
            inside = node.level == 1 or (node.module or "").startswith(f"{package}.")
            names |= {alias.name for alias in node.names if inside}
    return frozenset(names)


def _place_of(package: str) -> Path | None:
    """Folder or file of a top-level package, found without importing it."""
    if package == _PACKAGE.name:
        return _PACKAGE
    spec = importlib.util.find_spec(package)
    if spec is None:
        return None
    found = [*(spec.submodule_search_locations or ()), spec.origin]
    return Path(found[0]) if found[0] else None


@cache
def _monai_classes() -> frozenset[str]:
    spec = importlib.util.find_spec("monai")
    folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    files = [file for folder in folders for area in _MONAI_AREAS for file in Path(folder, area).rglob("*.py")]
    texts = (file.read_text(encoding="utf-8") for file in files)
    return frozenset(name for text in texts for name in _CLASS.findall(text))
