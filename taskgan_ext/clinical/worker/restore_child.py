"""The process that restores: ``python -m taskgan_ext.clinical.worker.restore_child``, started by the worker.

It opens the bundle once. Requests come as lines of JSON on standard input, answers go as lines of JSON to
standard output, and it ends when its input does, even in the middle of a scan: so it never outlives its
worker. Standard error is nobody's, since warnings of other packages may quote headers.
"""

import json
import mmap
import os
import queue
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from taskgan_ext.clinical.open_bundle import TABLE, ClinicalBundle, open_bundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.errors import TaskGANError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.release.manifest import MANIFEST

if sys.platform != "win32":
    import resource

INPUT_ENDED = 3
"""Exit status."""


def main() -> int:
    """Open the bundle and restore what is asked for.

    Returns:
        The exit status.
    """
    # Whatever prints must not spoil the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = json.loads(sys.stdin.readline())
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    options = ProcessOptions(**settings["options"] | {"bundle": Path(settings["options"]["bundle"])})
    try:
        bundle = open_bundle(options)
        _say(answers, {"bundle": _facts(bundle, options.bundle)})
    except (TaskGANError, OSError) as error:
        _say(answers, {"error": str(error)})
        return 1
    _limit(settings["memory_bytes"])
    while True:
        _say(answers, _restore(requests.get(), bundle, options))


def _restore(request: Mapping[str, str], bundle: ClinicalBundle, options: ProcessOptions) -> dict[str, Any]:
    try:
        result = process_folder(Path(request["in"]), Path(request["out"]), bundle, options)
        return {"result": result.to_dict()}
    except Exception as error:  # noqa: BLE001 - the worker decides; the text may quote a header and stays here
        place = traceback.extract_tb(error.__traceback__)[-1]
        return {
            "fault": type(error).__name__,
            "errno": error.errno if isinstance(error, OSError) else None,
            "place": f"{Path(place.filename).name}:{place.lineno}",
        }


def _facts(bundle: ClinicalBundle, folder: Path) -> dict[str, str]:
    manifest = folder / MANIFEST
    return {
        "name": bundle.name,
        "version": bundle.version,
        "weights": bundle.weights_sha256,
        # The table decides as much as the weights do; a manifest covers both.
        "table": sha256(manifest if manifest.is_file() else folder / "configs" / TABLE),
        "modality": read_json(folder / "configs" / TABLE)["applies_to"]["modality"],
    }


def _read(requests: "queue.Queue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(INPUT_ENDED)


def _say(answers: IO[str], content: Mapping[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


def _limit(memory_bytes: int) -> None:
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core holds the images of a patient
    if memory_bytes and sys.platform == "linux":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        allowed = used + memory_bytes
        allowed = allowed if hard == resource.RLIM_INFINITY else min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


if __name__ == "__main__":
    sys.exit(main())
