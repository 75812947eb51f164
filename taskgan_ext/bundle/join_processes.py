"""What a run in several processes begins with: one group, one voice."""

import logging
import os
import sys
from collections.abc import Sequence
from functools import partialmethod
from types import TracebackType

from torch.distributed import DistError
from torch.distributed.distributed_c10d import Store
from tqdm import tqdm

from taskgan_ext.bundle.messages import ExceptHook, ReadableErrors, show_readable_errors
from taskgan_ext.bundle.root import config_files
from taskgan_ext.engines.process_group import open_store, start_process_group
from taskgan_ext.errors import ConfigError

LOST = (
    "another process of this run has ended without a message (killed, or out of memory?), or cannot be "
    "reached; torchrun says below which one. The same command continues at the last checkpoint"
)


def join_processes() -> None:
    """Join the processes of ``torchrun``; from here on they speak with one voice.

    The first process shows what is logged. An error ends all processes, and only the first that meets one
    shows it.

    Raises:
        ConfigError: see ``open_store`` and ``start_process_group``; or the run is an evaluation.
    """
    previous = sys.excepthook
    # Until there is a store, each process speaks for itself.
    show_readable_errors()
    store = open_store()
    sys.excepthook = hook = FirstError(previous, store)
    if int(os.environ["RANK"]) > 0:
        _show_errors_only()
    _refuse_evaluation(sys.argv)
    start_process_group(store)
    # In place of torch's, which would show the error of every process.
    sys.excepthook = hook


def _refuse_evaluation(arguments: Sequence[str]) -> None:
    # Its tables refuse it too, but only after the judge has been trained.
    if any(file.name == "evaluate.json" for file in config_files(arguments)):
        raise ConfigError(
            f"expected one process for an evaluation, got {os.environ['WORLD_SIZE']}; start it without "
            "torchrun and without multi_gpu_train.json"
        )


def _show_errors_only() -> None:
    # Not by the levels of the loggers: handlers look at those, and warn.
    logging.disable(logging.INFO)
    # MONAI's data sets draw a bar each, which no setting reaches.
    tqdm.__init__ = partialmethod(tqdm.__init__, disable=True)


class FirstError(ReadableErrors):
    """What Python calls with an error that nobody caught, in one of several processes.

    Args:
        previous: called with the errors that are not of this package.
        store: shared by the processes; counts those that have failed.
    """

    def __init__(self, previous: ExceptHook, store: Store) -> None:
        super().__init__(previous)
        self.store = store

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Show the error if no other process has shown one, and end this process with exit code 1.

        Args:
            kind: its class.
            error: the error.
            trace: where it was raised.
        """
        if self._is_first():
            if is_lost_connection(error):
                sys.stderr.write(f"error: {LOST}\n")
            else:
                super().__call__(kind, error, trace)
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        # The interpreter's own way out would have the group wait for processes that wait for this one.
        os._exit(1)

    def _is_first(self) -> bool:
        try:
            # torchrun may start all processes anew, with the same store.
            return self.store.add(f"errors {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", 1) == 1
        except RuntimeError:
            return True


def is_lost_connection(error: BaseException) -> bool:
    """Tell whether an error says that another process cannot be reached.

    Args:
        error: what reached the top. gloo raises plain ``RuntimeError`` that name its source files.
    """
    return isinstance(error, DistError) or (isinstance(error, RuntimeError) and "gloo/" in str(error))
