"""A command in a place like a container, made with namespaces of Linux, since an engine is seldom there.

The root is read-only and holds the programs and nothing of ``/etc`` and ``/home``; there is a loopback device
that is down and no other; the user has a number without a name, no capability and none to gain.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
UID = 65534
PROGRAMS = ("unshare", "mount", "chroot", "setpriv", "env")
SECONDS = 240

MAKE_ROOT = r"""
set -eu
root=$1; shift
mount -t tmpfs -o mode=0755 tmpfs "$root"
show() { mkdir -p "$root$2"; mount --rbind "$1" "$root$2"; }
show_only() { show "$1" "$2"; mount -o remount,ro,bind "$root$2"; }
mkdir "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
for device in null zero random urandom; do
  touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
for folder in bin sbin lib lib64; do
  if [ -L "/$folder" ]; then ln -s "$(readlink "/$folder")" "$root/$folder"
  elif [ -d "/$folder" ]; then show_only "/$folder" "/$folder"; fi
done
while [ "$1" != -- ]; do
  case $1 in
    rw) show "$2" "$3" ;;
    ro) [ "$2" = "$3" ] && [ -e "$root$2" ] || show_only "$2" "$3" ;;
  esac
  shift 3
done
shift
mount -o remount,ro "$root"
exec "$@"
"""


@cache
def why_not() -> str:
    """Why it cannot be done here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "namespaces with another user need Linux and root"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"there is no {', '.join(missing)}"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "--ipc", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "this machine lets nobody make namespaces"


def run_isolated(
    arguments: Sequence[str],
    folder: Path,
    readable: Mapping[str, Path],
    writable: Mapping[str, Path],
    environment: Mapping[str, str],
) -> subprocess.CompletedProcess[str]:
    """Run the Python of the tests.

    Args:
        arguments: for Python.
        folder: empty, for the root.
        readable: folders by the place where they are seen.
        writable: likewise.
        environment: variables, all that there are.
    """
    shown = [("rw", path, place) for place, path in writable.items()]
    shown += [("ro", path, place) for place, path in readable.items()]
    programs = (Path("/usr"), REPOSITORY, Path(sys.prefix), Path(sys.base_prefix))
    shown += [("ro", path, str(path)) for path in dict.fromkeys(programs)]
    variables = {**environment, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [
            *("unshare", "--mount", "--net", "--ipc", "--pid", "--fork"),
            *("sh", "-c", MAKE_ROOT, "sh", str(folder)),
            *(str(part) for triple in shown for part in triple),
            *("--", "chroot", str(folder)),
            *("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--no-new-privs"),
            *("--bounding-set=-all", "--inh-caps=-all"),
            *("env", "-i", *(f"{name}={value}" for name, value in variables.items())),
            *(sys.executable, *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
