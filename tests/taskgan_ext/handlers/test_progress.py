"""One bar for a whole run, from where the run continues to its end."""

import pytest
from ignite.engine import Engine, Events

from taskgan_ext.handlers.progress import Progress


def engine_with(progress, process=lambda *_: None):
    engine = Engine(process)
    progress.attach(engine)
    return engine


def positions(engine, progress):
    seen = []
    engine.add_event_handler(
        Events.ITERATION_COMPLETED, lambda: seen.append((progress.bar.n, progress.bar.total))
    )
    return seen


def test_bar_counts_the_steps_of_all_epochs(capsys):
    progress = Progress("training G")
    engine = engine_with(progress)
    seen = positions(engine, progress)
    engine.run([0, 0], max_epochs=3)
    assert seen == [(number, 6) for number in range(1, 7)]
    assert progress.bar is None
    shown = capsys.readouterr()
    assert "training G: 100%" in shown.err
    assert "epoch 3/3" in shown.err
    assert shown.out == ""


def test_resumed_run_starts_where_it_continues():
    progress = Progress("training G")
    engine = engine_with(progress)
    seen = positions(engine, progress)

    def continue_after_epoch_two(engine):
        engine.state.epoch, engine.state.iteration = 2, 4

    engine.add_event_handler(Events.STARTED, continue_after_epoch_two)
    engine.run([0, 0], max_epochs=3)
    assert seen == [(5, 6), (6, 6)]


def test_error_passes_through_and_ends_the_line(capsys):
    def fail(engine, batch):
        if engine.state.iteration == 2:
            raise ValueError("broken")

    progress = Progress("training G")
    with pytest.raises(ValueError, match="broken"):
        engine_with(progress, fail).run([0, 0, 0], max_epochs=1)
    assert progress.bar is None
    assert capsys.readouterr().err.endswith("\n")


def test_other_processes_are_silent(capsys, monkeypatch):
    monkeypatch.setattr("ignite.distributed.get_rank", lambda: 1)
    engine_with(Progress("training G")).run([0, 0], max_epochs=2)
    assert capsys.readouterr().err == ""


def test_engine_that_has_nothing_to_do_shows_nothing(capsys):
    engine = engine_with(Progress("training G"))
    engine.add_event_handler(Events.STARTED, lambda engine: setattr(engine.state, "epoch", 3))
    engine.run([0, 0], max_epochs=3)
    assert capsys.readouterr().err == ""
