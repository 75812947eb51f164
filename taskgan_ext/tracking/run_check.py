"""Handler: refuse a run that could not begin, before an engine that is not tracked spends its time."""

import ignite.distributed as idist
from ignite.engine import Engine

from taskgan_ext.tracking.tracked_run import TrackedRun


class RunCheck:
    """Check a run as an engine is built that runs before those that are tracked, such as the judge's trainer.

    Args:
        run: shared by all handlers.
    """

    def __init__(self, run: TrackedRun) -> None:
        self.run = run

    def attach(self, engine: Engine) -> None:  # noqa: ARG002  # what every handler is given
        """Check the run, on the first process.

        Args:
            engine: is left as it is.

        Raises:
            ConfigError: the run cannot begin, see ``TrackedRun.check``.
        """
        if idist.get_rank() == 0:
            self.run.check()
