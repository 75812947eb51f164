"""Spread cases over a Dask cluster that is there already; needs the extra ``cluster``."""

import logging
import pickle
import re
import sys
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from preprocessing.child_process import ChildProcess, LostChildError
from preprocessing.provenance import package_versions
from preprocessing.schedule import ONCE, Outcome, Trials, try_case
from taskgan_ext.errors import ConfigError, DataError, TaskGANError
from taskgan_ext.io.optional_package import load_optional

_ROOT = str(Path(__file__).parents[1])
_PACKAGES = ("taskgan-ext", "numpy", "scipy", "torch", "nibabel", "pydicom", "SimpleITK")
"""Cases that are made with other versions of these are not the same cases."""
_CONNECT, _LOOK = 20.0, 2.0
"""Seconds to wait for the scheduler, and between two looks at whether a case is still wanted."""


def parse_address(text: str) -> str:
    """Read ``dask://HOST:PORT``.

    Args:
        text: what the user gave.

    Returns:
        The address as Dask writes it.

    Raises:
        ConfigError: it is something else.
    """
    found = re.fullmatch(r"dask://([^/\s:]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})", text)
    if not found or int(found[2]) > 65535:
        raise ConfigError(
            f"expected a scheduler as dask://HOST:PORT, such as dask://node1:8786, got {text!r}"
        )
    return f"tcp://{found[1]}:{found[2]}"


def map_on_cluster(
    function: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    address: str,
    at_once: int | None,
    wanted: Path,
    trials: Trials = ONCE,
) -> Generator[Outcome, None, None]:
    """Call a function for every case on a cluster, each in a process that a worker starts for it.

    A case whose worker is lost starts again on another one. The workers see the same files under the same
    paths as this process, with this package among them.

    Args:
        function: of a module, so that other processes can import it.
        cases: arguments of each call; picklable.
        address: of Dask's scheduler, as ``parse_address`` gives it.
        at_once: most cases that run at the same time; ``None`` for as many as the cluster takes.
        wanted: a path that is there as long as the outcomes are wanted; the workers stop when it is gone.
        trials: how often and how long a case is tried.

    Yields:
        One outcome per case, in the order in which they end.

    Raises:
        DependencyError: ``distributed`` is not installed.
        DataError: the cluster does not answer, is lost, or cannot run this package.
    """
    dask = load_optional("distributed", "--scheduler dask://HOST:PORT", "taskgan-ext[cluster]")
    versions, call = package_versions(_PACKAGES), _portable_call()
    with _client(dask, address) as client:
        cluster = client.scheduler_info()
        if "dashboard" in cluster["services"]:
            sys.stderr.write(f"dashboard of the cluster: {client.dashboard_link}\n")
        if not cluster["workers"]:
            sys.stderr.write(f"{address}: no worker is there yet; waiting for one\n")

        def submit(index: int) -> Any:  # noqa: ANN401 - a future of Dask
            payload = pickle.dumps((index, function, cases[index], trials, wanted, versions))
            future = client.submit(call, _ROOT, payload, pure=False, key=f"case-{index}-{uuid.uuid4().hex}")
            numbers[future.key] = index
            return future

        numbers: dict[str, int] = {}
        todo = iter(range(len(cases)))
        first = [submit(index) for index in islice(todo, at_once)]
        done = dask.as_completed(first, loop=client.loop)
        for future in done:
            yield _outcome(dask, future, numbers[future.key], address)
            done.update([submit(index) for index in islice(todo, 1)])


def try_on_worker(payload: bytes) -> bytes:
    """Try a case, on a worker.

    Args:
        payload: pickled index, function, case, trials, path that is there while the outcome is wanted, and
            versions of packages.

    Returns:
        The pickled ``Outcome``; bytes, because Dask's own processes need not know the class.

    Raises:
        DataError: the worker has other versions, or the path is not there.
    """
    index, function, case, trials, wanted, versions = pickle.loads(payload)  # noqa: S301 - of our own
    here = package_versions(versions)
    different = [
        f"{name} {here[name]} there, {versions[name]} here"
        for name in versions
        if here[name] != versions[name]
    ]
    if different:
        raise DataError(
            f"a worker of the cluster has other versions ({', '.join(different)}), so that its cases would "
            "not be the same; install the same ones everywhere"
        )
    if not wanted.exists():
        raise DataError(
            f"a worker of the cluster does not see {wanted.parent}; inputs and outputs have to lie on a disk "
            "that all workers share"
        )
    child, stopping, ended = ChildProcess(), threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK):
            if not wanted.exists():
                stopping.set()
                child.close()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return pickle.dumps(try_case(child, index, function, case, trials, stopping))
    finally:
        ended.set()
        watcher.join()
        child.close()


def _portable_call() -> Callable[[str, bytes], bytes]:
    """A function that Dask sends as its code, since nothing of ours is installed with its processes."""

    def call(root: str, payload: bytes) -> bytes:
        import sys  # noqa: PLC0415 - the code travels alone

        if root not in sys.path:
            sys.path.append(root)
        from preprocessing.cluster import try_on_worker  # noqa: PLC0415

        return try_on_worker(payload)

    return call


def _outcome(dask: Any, future: Any, index: int, address: str) -> Outcome:  # noqa: ANN401 - of Dask
    if future.cancelled():
        raise DataError(
            f"{address}: the cluster is gone; start it and give the same command: complete cases are kept"
        )
    error = future.exception()
    if error is None:
        outcome: Outcome = pickle.loads(future.result())  # noqa: S301 - what try_on_worker gave
        return outcome
    if isinstance(error, dask.KilledWorker):
        lost = LostChildError(
            "died", "every worker of the cluster that took it was lost; memory may be short"
        )
        return Outcome(index, None, lost, 1, 0.0)
    if isinstance(error, TaskGANError):
        raise error
    if isinstance(error, ImportError):
        raise DataError(
            f"{address}: a worker cannot import {error.name}; {_ROOT} and the packages that it needs have to "
            "be there for all workers"
        ) from None
    raise error


@contextmanager
def _client(dask: Any, address: str) -> Iterator[Any]:  # noqa: ANN401 - of Dask
    """Connect, and let nobody but us tell what goes wrong."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        try:
            client = dask.Client(address, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{address}: expected the scheduler of a Dask cluster, but it does not answer "
                f"({type(error).__name__}); start one with: dask scheduler"
            ) from None
        try:
            yield client
        finally:
            client.close(timeout=5)
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
