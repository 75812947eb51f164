"""One progress bar for a whole run."""

import sys

import ignite.distributed as idist
from ignite.engine import Engine, Events
from tqdm import tqdm


class Progress:
    """Show steps done, time left and the epoch; silent on all processes but the first.

    Args:
        description: what is done, beside the bar.
    """

    def __init__(self, description: str) -> None:
        self.description = description
        self.bar: tqdm[object] | None = None

    def attach(self, engine: Engine) -> None:
        """Follow an engine.

        Args:
            engine: a trainer or evaluator.
        """
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.advance)
        engine.add_event_handler(Events.COMPLETED, self.close)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._close_and_raise)

    def advance(self, engine: Engine) -> None:
        """Count one iteration.

        Args:
            engine: gives the position.
        """
        if self.bar is None:
            # Made late, because only then a resumed run knows where it continues.
            self.bar = tqdm(
                total=engine.state.max_epochs * engine.state.epoch_length,
                initial=engine.state.iteration - 1,
                desc=self.description,
                disable=idist.get_rank() > 0,
                mininterval=0.2 if sys.stderr.isatty() else 10,
            )
        self.bar.update(1)
        self.bar.set_postfix_str(f"epoch {engine.state.epoch}/{engine.state.max_epochs}", refresh=False)

    def close(self, engine: Engine) -> None:  # noqa: ARG002  # Ignite hands the engine over
        """End the line of the bar.

        Args:
            engine: not used.
        """
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _close_and_raise(self, engine: Engine, error: Exception) -> None:
        self.close(engine)
        raise error
