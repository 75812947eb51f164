"""Which classes and functions the configuration of a bundle may name: decided without importing them."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

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
_CLASS = re.compile(r"^class ([A-Z]\w*)", flags=re.MULTILINE)


def is_allowed_target(target: object) -> bool:
    """Say whether ``_target_`` is a reviewed kind of name.

    Args:
        target: value of ``_target_``.

    Returns:
        ``True`` for public classes and functions that this package defines for configurations, classes of
        the parts of MONAI that networks are built, fed and measured with, and classes and a few functions of
        ``torch.nn``, ``torch.optim`` and Ignite.
    """
    if not isinstance(target, str):
        return False
    if target.startswith("taskgan_ext."):
        return _is_own(target)
    if "." not in target:
        return target in _monai_classes()
    monai = _MONAI_PATH.fullmatch(target)
    return monai[3] in _monai_classes() if monai else bool(_ELSEWHERE.fullmatch(target))


def _is_own(target: str) -> bool:
    *module, name = target.split(".")
    if target in _OWN_MODULES:
        return True
    if len(module) < 2 or module[1] not in _OWN_AREAS or any(part.startswith("_") for part in module[1:]):
        return False
    return not name.startswith("_") and name in _public_names(tuple(module[1:]))


@cache
def _public_names(module: tuple[str, ...]) -> frozenset[str]:
    """What a module of this package defines, and what a package re-exports of it."""
    place = _PACKAGE.joinpath(*module)
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not all(part.isidentifier() for part in module) or not file.is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif (
            place.is_dir()
            and isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("taskgan_ext.")
        ):
            names |= {alias.name for alias in node.names}
    return frozenset(names)


@cache
def _monai_classes() -> frozenset[str]:
    spec = importlib.util.find_spec("monai")
    folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    files = [file for folder in folders for area in _MONAI_AREAS for file in Path(folder, area).rglob("*.py")]
    texts = (file.read_text(encoding="utf-8") for file in files)
    return frozenset(name for text in texts for name in _CLASS.findall(text))
