"""Run a worker by settings in JSON on the command line, without what the other commands import."""

import json
import logging
import resource
import sys
from pathlib import Path

from taskgan_ext.clinical.audit import logger
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.worker.connection import Connection
from taskgan_ext.clinical.worker.run_worker import run_worker
from taskgan_ext.clinical.worker.worker_settings import WorkerSettings

QUICK = {
    "interval": 3.0,
    "poll": 0.2,
    "settle": 1.0,
    "patience": 600.0,
    "claim": 3.0,
    "retry": 0.2,
    "timeout": 120.0,
    "health": ("127.0.0.1", 0),
}
"""Times for tests."""


def settings_of(given: dict) -> WorkerSettings:
    """Settings from plain values."""
    process = ProcessOptions(Path(given["bundle"]), device="cpu", allow_unsealed=True)
    return WorkerSettings(
        process,
        Connection(**given["connection"]),
        Path(given["work"]),
        **QUICK | given.get("settings", {}),
    )


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    logger.handlers = [logging.StreamHandler(sys.stderr)]
    logger.setLevel(logging.INFO)
    if given.get("largest_file"):
        # Python ignores SIGXFSZ: writing fails as it does on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (given["largest_file"],) * 2)
    sys.exit(run_worker(settings_of(given)))
