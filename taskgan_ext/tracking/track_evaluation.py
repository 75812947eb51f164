"""Ignite handler: what a validation or an evaluation finds, as part of a run of an experiment."""

import os
from pathlib import Path
from typing import Any

import ignite.distributed as idist
from ignite.engine import Engine, Events

from taskgan_ext.io.evaluation_files import RESTORED
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.tracking.numbered_evaluation import number_evaluation
from taskgan_ext.tracking.preview_picture import draw_preview
from taskgan_ext.tracking.run_guard import guard_engine
from taskgan_ext.tracking.tracked_run import TrackedRun


class TrackEvaluation:
    """Track the metrics of an evaluator: a validation in the run of the training, else a run of its own.

    A validation gives ``validation/<metric>`` and a picture of its first case, which is always the same. An
    evaluation gives ``test/<metric>`` of the tables, and in the end tables and report with numbers in place
    of names; a metric of the evaluator that the tables have for the restored images is left out.

    Put it last in the list of handlers, after the one that writes the tables.

    Args:
        run: shared by all handlers.
        output_dir: folder of the evaluation.
        presentation: tells photographs from scans.
        data: fingerprint of the data of an evaluation; empty for none.
    """

    def __init__(
        self,
        run: TrackedRun,
        output_dir: str | os.PathLike[str],
        presentation: Presentation | None = None,
        data: str = "",
    ) -> None:
        self.run, self.output_dir, self.data = run, Path(output_dir), data
        self.is_picture = presentation is not None and presentation.orientation == "picture"
        self._own = False

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator that decollates, on the first process.

        Args:
            engine: of a validation or an evaluation.

        Raises:
            ConfigError: the run cannot begin, see ``TrackedRun.check``.
        """
        if idist.get_rank() > 0:
            return
        self.run.check()
        guard_engine(engine, self.run)
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED(once=1), self._draw)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._log)
        engine.add_event_handler(Events.COMPLETED, self._complete)

    def _start(self) -> None:
        self._own = not self.run.is_open
        if self._own:
            self.run.start_evaluation(self.data)

    def _draw(self, engine: Engine) -> None:
        if not self._own and self.run.pictures:
            picture = draw_preview(_first(engine.state.output), is_picture=self.is_picture)
            self.run.picture(picture, f"validation/epoch_{engine.state.epoch:04d}.png")

    def _log(self, engine: Engine) -> None:
        kind = "test" if self._own else "validation"
        found = engine.state.metrics
        values = {
            f"{kind}/{name}": float(value)
            for name, value in found.items()
            if not (self._own and f"{RESTORED}_{name}" in found)
        }
        self.run.metrics(values, 0 if self._own else engine.state.epoch)

    def _complete(self) -> None:
        if self._own:
            self.run.keep_folder(
                "evaluation", lambda out: number_evaluation(self.output_dir, out, self.run.pictures)
            )
            self.run.end("FINISHED")


def _first(output: Any) -> Any:  # noqa: ANN401  # what an engine puts out
    return output[0] if isinstance(output, list) else {name: value[0] for name, value in output.items()}
