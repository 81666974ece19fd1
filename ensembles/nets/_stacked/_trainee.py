"""A member in training among others: a skorch net but for its batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, final

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    EpochScoring,
    EpochTimer,
    GradientNormClipping,
    PassthroughScoring,
    PrintLog,
)
from skorch.dataset import Dataset
from skorch.history import History
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Subset

from ensembles._ensemble._nets import seeded_run
from ensembles._typing import FloatArray, IntArray
from ensembles.nets._base import epochs_only
from ensembles.nets._lean import lean_batches, wide_batches
from ensembles.nets._members import Member, MemberJob, begin
from ensembles.nets._stacked._batches import Batches, draw_number
from ensembles.nets._stacked._losses import is_mean_of_rows
from ensembles.nets._stacked._program import NoProgramError
from ensembles.nets._training import has_stopped
from ensembles.nets._weights import Snapshot, modules_of, take_snapshot

__all__ = ["Trainee"]

# Callbacks that look at nothing but losses and times, where no rows are set aside.
_BLIND = {
    EpochScoring,
    EpochTimer,
    GradientNormClipping,
    PassthroughScoring,
    PrintLog,
}


@final
class Trainee:
    """What `NeuralNet.fit_loop` does for one net around its training batches.

    Callbacks, scores and rows set aside are skorch's, in the order and with the draws
    that they have where the net trains alone.

    Parameters
    ----------
    job : MemberJob
        What is trained, and on what.
    member : Member
        The member.
    prints : bool, default=True
        Whether skorch may print its table of epochs.

    Attributes
    ----------
    net : NeuralNet
        Initialised.
    generator : Generator
        Where torch's own would be if the net trained alone.
    rows : Tensor
        Numbers, in the job, of the rows that it trains on.
    batches : Batches
        How these become batches.
    n_batches : int
        Batches of an epoch.
    is_watched : bool
        Whether anybody looks at weights, or draws them, between epochs.
    is_done : bool
        Whether a callback has stopped it.

    Raises
    ------
    NoProgramError
        If its split does not number rows.
    """

    def __init__(self, job: MemberJob, member: Member, *, prints: bool = True) -> None:
        X, y = job.part(member.rows)
        self.generator, self.is_done = Generator(), False
        with seeded_run(member.seed, "cpu"):
            self.net: NeuralNet = begin(job, member, X, y)
            self.net.check_data(X, y)
            self.net.check_training_readiness()
            train, valid = self.net.get_split_datasets(X, y)
            self.generator.set_state(torch.get_rng_state())
        # A step without gradients: schedules warn where there has been none.
        self.net.optimizer_.step()
        self.net.callbacks_ = [
            (name, callback)
            for name, callback in self.net.callbacks_
            if prints or not isinstance(callback, PrintLog)
        ]
        own = np.arange(len(job.X)) if member.rows is None else member.rows
        numbers = _numbers(train, _source(train), own)
        if numbers is None:
            raise NoProgramError("its train_split does not number rows to train on")
        self.rows = torch.from_numpy(numbers)
        self.batches = Batches.of(self.net, len(numbers))
        self.n_batches = self.batches.count(len(numbers))
        # Rows are those of the job: a copy for each member would not fit everywhere.
        whole, aside = Dataset(job.X, job.y), _numbers(valid, _source(train), own)
        self._sets = {
            "dataset_train": _some_of(whole, numbers),
            "dataset_valid": valid if aside is None else _some_of(whole, aside),
        }
        self._has_rows_aside = valid is not None
        others = (type(callback) not in _BLIND for _, callback in self.net.callbacks_)
        self.is_watched = self._has_rows_aside or any(others)
        _to_training(self.net)
        self._scores_wide = self._has_rows_aside and self._is_free_to_score(job)

    def begin_epoch(self) -> Tensor:
        """Tell callbacks, and return the rows of the epoch in their order."""
        if self.is_watched:
            _to_training(self.net)
        with self._own_draws():
            self.net.notify("on_epoch_begin", **self._sets)
        return self.batches.order(self.rows, self.generator)

    def end_epoch(self, losses: FloatArray, sizes: IntArray) -> None:
        """Record an epoch, score rows set aside, and tell callbacks.

        Parameters
        ----------
        losses : ndarray of shape (n_batches,)
            Of the batches.
        sizes : ndarray of shape (n_batches,)
            Their rows.
        """
        # For the whole epoch one batch, of which skorch's own callback takes the mean.
        history = self.net.history
        if len(sizes):
            loss = float(np.average(losses, weights=sizes))
            history.new_batch()
            history.record_batch("train_loss", loss)
            history.record_batch("train_batch_size", int(sizes.sum()))
        history.record("train_batch_count", len(sizes))
        with self._own_draws():
            if self._has_rows_aside:
                self.net.run_single_epoch(
                    self._batches_aside(),
                    training=False,
                    prefix="valid",
                    step_fn=self.net.validation_step,
                )
            if self._scores_wide:
                n_rows = len(self._sets["dataset_valid"])
                history.record("valid_batch_count", -(-n_rows // self.net.batch_size))
            try:
                self.net.notify("on_epoch_end", **self._sets)
            except KeyboardInterrupt:
                if not has_stopped(self.net):
                    raise
                self.is_done = True

    def end(self) -> tuple[Snapshot, History]:
        """Tell callbacks, and return weights and history."""
        with self._own_draws():
            self.net.notify("on_train_end", X=None, y=None)
        return take_snapshot(self.net), epochs_only(self.net.history_)

    def _is_free_to_score(self, job: MemberJob) -> bool:
        """Whether batches of rows set aside may have any size."""
        net, valid = self.net, self._sets["dataset_valid"]
        has_size = bool(net.get_params_for("iterator_valid")) or net.batch_size < 1
        if has_size or net.iterator_valid is not lean_batches:
            return False
        # Then losses and outputs of rows do not depend on the rows beside them.
        is_plain = is_mean_of_rows(net.criterion_, torch.from_numpy(job.y)[None])
        by_batch = any(
            getattr(part, "track_running_stats", True) is False
            for part in net.module_.modules()
        )
        is_array = not isinstance(lean_batches(valid), DataLoader)
        return is_plain and is_array and not by_batch

    def _batches_aside(self) -> Iterable[Any]:
        """Batches of rows set aside: few, as each costs as much again."""
        valid = self._sets["dataset_valid"]
        if not self._scores_wide:
            batches: Iterable[Any] = self.net.get_iterator(valid, training=False)
            return batches
        draw_number(torch.default_generator)  # as a loader's iterator does
        return wide_batches(valid, self.net.batch_size)

    @contextmanager
    def _own_draws(self) -> Iterator[None]:
        """Let torch's generator be the member's."""
        if not self.is_watched:  # and nobody draws
            yield
            return
        # The group has put what was before aside.
        torch.set_rng_state(self.generator.get_state())
        yield
        self.generator.set_state(torch.get_rng_state())


def _to_training(net: NeuralNet) -> None:
    """Put a net's modules into the mode that each step of skorch's puts them into."""
    for _, module in modules_of(net):
        module.train()


def _some_of(whole: Dataset, rows: Any) -> Any:
    """Rows of a dataset; an array numbers them in a tenth of a list's memory."""
    return Subset(whole, rows)


def _source(dataset: Any) -> Any:
    """What a dataset is some rows of, or itself."""
    return dataset.dataset if type(dataset) is Subset else dataset


def _numbers(dataset: Any, source: Any, own: IntArray) -> IntArray | None:
    """Numbers, in the job, of rows of the source; None if they are another's."""
    if type(source) is not Dataset or len(source) != len(own):
        return None
    if dataset is source:
        return own
    if type(dataset) is Subset and dataset.dataset is source:
        return own[np.asarray(dataset.indices, dtype=np.int64)]
    return None
