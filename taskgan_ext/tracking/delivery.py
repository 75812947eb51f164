"""Jobs that are done beside the training, in their order, and that never stop it."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

logger = logging.getLogger(__name__)

Job = Callable[[], object]

LASTING_ERRORS = frozenset(
    {
        "BAD_REQUEST",
        "INVALID_PARAMETER_VALUE",
        "INVALID_STATE",
        "PERMISSION_DENIED",
        "RESOURCE_ALREADY_EXISTS",
        "RESOURCE_DOES_NOT_EXIST",
        "UNAUTHENTICATED",
    }
)
"""MLflow's codes of errors that the same request meets again; after any other one it is tried again."""
SHORT_PATIENCE_S = 20.0
"""How long to wait in the end for a store that is not there."""
_LOOK_S = 1.0
_NOT_THERE = (FileNotFoundError, NotADirectoryError, PermissionError)


class Delivery:
    """Do jobs one after another in a thread of their own.

    A job that fails is kept and tried again when the next one comes, and once more in the end: a server that
    was away for a while misses nothing. A job that can never succeed is given up. There is one warning,
    however often something fails.

    Args:
        destination: where the jobs deliver to, for the warning.
        answers: tells within seconds whether the store is there; without it, it is taken to be there.
    """

    def __init__(self, destination: str, answers: Callable[[], bool] = lambda: True) -> None:
        self.destination, self.answers = destination, answers
        self._lost: Counter[str] = Counter()
        self._jobs: deque[tuple[str, Job]] = deque()
        self._changed = threading.Condition()
        self._awake = self._closing = self._ended = self._warned = False
        self._tried = 0
        # A daemon: a server that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def add(self, what: str, job: Job) -> None:
        """Do a job soon.

        Args:
            what: its kind, for the list of what is missing.
            job: raises where it fails.
        """
        with self._changed:
            self._jobs.append((what, job))
            self._awake = True
            self._changed.notify_all()

    def close(self, patience_s: float) -> dict[str, int]:
        """Wait until every job is done or has failed once more; nothing may be added afterwards.

        Args:
            patience_s: seconds to wait for one job, before it and the rest are given up; at most about
                ``SHORT_PATIENCE_S`` where the store is not there.

        Returns:
            Number of undone jobs by kind.
        """
        with self._changed:
            self._awake = self._closing = True
            self._changed.notify_all()
        self._await_end(patience_s)
        with self._changed:
            return dict(self._lost + Counter(what for what, _ in self._jobs))

    def _await_end(self, patience_s: float) -> None:
        moved = there = time.monotonic()
        while not self._ended:
            before = self._tried
            with self._changed:
                wait_s = min(_LOOK_S, patience_s)
                if self._changed.wait_for(lambda: self._ended or self._tried != before, wait_s):  # noqa: B023  # called here
                    moved = there = time.monotonic()
                    continue
            # A long job is not a lost store, and MLflow tells them apart only after its own time-outs.
            if self.answers():
                there = time.monotonic()
            elif self._jobs:
                self._warn(self._jobs[0][0], ConnectionError("no answer"))
            now = time.monotonic()
            if now - moved >= patience_s or now - there >= SHORT_PATIENCE_S:
                return

    def _work(self) -> None:
        last = False
        while not last:
            with self._changed:
                self._changed.wait_for(lambda: self._awake)
                self._awake, last = False, self._closing
            if not self._try_all() and last:
                self._try_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _try_all(self) -> bool:
        """Do all jobs; tell whether none has to be tried again."""
        while self._jobs and self._try_first():
            pass
        return not self._jobs

    def _try_first(self) -> bool:
        """Do the first job; tell whether it need not be tried again."""
        what, job = self._jobs[0]
        try:
            job()
        except Exception as error:  # noqa: BLE001  # whatever a store raises, the training goes on
            self._warn(what, error)
            if _may_pass(error):
                return False
            self._lost[what] += 1
        with self._changed:
            self._jobs.popleft()
            self._tried += 1
            self._changed.notify_all()
        return True

    def _warn(self, what: str, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "%s: tracking fails, first with %s (%s: %s); the training goes on, and what is missing is "
                "delivered if the store answers again before the end, else it is named there",
                self.destination,
                what,
                type(error).__name__,
                str(error).partition("\n")[0][:200],
            )


def _may_pass(error: Exception) -> bool:
    """Whether the same job may succeed later: a store that does not answer, and no mistake of ours."""
    code = getattr(error, "error_code", None)
    if code is not None:
        return code not in LASTING_ERRORS
    return isinstance(error, OSError) and not isinstance(error, _NOT_THERE)
