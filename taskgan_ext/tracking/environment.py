"""With what a run was made: versions of packages, the device, and the revision of the source."""

import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import ignite.distributed as idist
import torch

_PACKAGES = ("torch", "monai", "pytorch-ignite", "taskgan-ext", "mlflow", "numpy", "nibabel")
_ENVIRONMENT = ("version.", "device", "processes", "git.", "bundle.git.", "bundle.version")


def environment_tags(package: Path, bundle: Path) -> dict[str, str]:
    """Describe versions, device, number of processes and revision; nothing names the computer or its user.

    Args:
        package: folder of this package.
        bundle: folder of the bundle.

    Returns:
        Text by name: ``version.<package>``, ``device``, ``processes``; ``git.commit`` and ``git.modified``
        where git keeps one of the folders, the latter ``yes`` if a file of either differs from the commit;
        ``bundle.git.commit`` and ``bundle.git.modified`` where the bundle has another commit.
    """
    tags = {"version.python": platform.python_version()}
    for name in _PACKAGES:
        try:
            tags[f"version.{name}"] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    tags["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    tags["processes"] = str(idist.get_world_size())
    return tags | _revisions(package, bundle)


def renewed_tags(known: Mapping[str, str], now: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Give a run the environment of the process that continues it, and keep the one before.

    Args:
        known: all tags of the run.
        now: environment of this process.

    Returns:
        The tags to set, and the names of those to remove. A value that is no longer true, as the class of an
        error is as well, stays as ``session.<number>.<name>``; ``sessions`` counts the processes so far.
    """
    number = int(known.get("sessions", "1"))
    ours = [name for name in known if name == "error" or name.startswith(_ENVIRONMENT)]
    old = {name: known[name] for name in ours if known[name] != now.get(name)}
    kept = {f"session.{number}.{name}": value for name, value in old.items()}
    changed = {name: value for name, value in now.items() if known.get(name) != value}
    return kept | changed | {"sessions": str(number + 1)}, [name for name in old if name not in now]


def _revisions(package: Path, bundle: Path) -> dict[str, str]:
    found = [("", git_revision(package)), ("bundle.", git_revision(bundle))]
    kept = [(prefix, *revision) for prefix, revision in found if revision is not None]
    if not kept:
        return {}
    commit = kept[0][1]
    modified = any(changed for _, each, changed in kept if each == commit)
    tags = {"git.commit": commit, "git.modified": _yes_or_no(modified)}
    for prefix, other, changed in kept:
        if other != commit:
            tags |= {f"{prefix}git.commit": other, f"{prefix}git.modified": _yes_or_no(changed)}
    return tags


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def git_revision(folder: Path) -> tuple[str, bool] | None:
    """Find the commit of a folder that git keeps.

    Args:
        folder: of a package or a bundle.

    Returns:
        The commit and whether files of the folder differ from it; ``None`` without git, outside of a
        checkout, and where the folder merely lies in one that does not keep its files.
    """
    git = shutil.which("git")
    if git is None or not _ask(git, folder, "ls-files", "--", "."):
        return None
    commit = _ask(git, folder, "rev-parse", "HEAD")
    return (commit, bool(_ask(git, folder, "status", "--porcelain", "--", "."))) if commit else None


def _ask(git: str, folder: Path, *words: str) -> str:
    try:
        found = subprocess.run(  # noqa: S603  # git itself, with words of ours
            [git, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
