"""Ensembles that come of one training run under one seed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from skorch import NeuralNet

from ensembles._ensemble._nets import seeded_run
from ensembles._random import entropy_from
from ensembles.nets._base import BaseNetEnsemble, epochs_only
from ensembles.nets._course import Course
from ensembles.nets._prediction import trim
from ensembles.nets._training import attach, check_run, first_output, run, start
from ensembles.nets._weights import Snapshot
from ensembles.nets._wrap import reset_weights

__all__ = ["BaseOneRun"]


class BaseOneRun(BaseNetEnsemble):
    """Trains one net, a course in charge of its learning rate."""

    def _train(self, net: NeuralNet, X: Any, target: Any) -> None:
        course = self._course()
        with seeded_run(entropy_from(self.random_state) % 2**64, net.device):
            reset_weights(self, net)
            start(net)
            attach(net, course)
            X = self._cast(net, X)
            net.notify("on_train_begin", X=X, y=target)
            run(net, X, self._shape_target(net, target, first_output(net, X)))
            wanted = self._wanted(course, net)
        check_run(net, course, wanted)
        self.n_iter_ = course.iteration_
        self.history_ = epochs_only(net.history_)
        self.net_ = trim(net)

    @abstractmethod
    def _course(self) -> Course:
        """What is in charge of the run."""

    @abstractmethod
    def _wanted(self, course: Course, net: NeuralNet) -> list[Snapshot]:
        """Take what members need from a finished run; their weights."""
