"""With what a run was made: versions of packages, the device, and the revision of the source."""

import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import ignite.distributed as idist
import torch

_PACKAGES = ("torch", "monai", "pytorch-ignite", "taskgan-ext", "mlflow", "numpy", "nibabel")


def environment_tags(folders: list[Path]) -> dict[str, str]:
    """Describe versions, device, number of processes and revision; nothing names the computer or its user.

    Args:
        folders: of this package and of the bundle; the first that git keeps gives the revision.

    Returns:
        Text by name: ``version.<package>``, ``device``, ``processes``, and ``git.commit`` and
        ``git.modified`` where git keeps one of the folders.
    """
    tags = {"version.python": platform.python_version()}
    for package in _PACKAGES:
        try:
            tags[f"version.{package}"] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    tags["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    tags["processes"] = str(idist.get_world_size())
    for folder in folders:
        revision = git_revision(folder)
        if revision:
            commit, modified = revision
            return tags | {"git.commit": commit, "git.modified": "yes" if modified else "no"}
    return tags


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
