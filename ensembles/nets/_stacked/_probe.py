"""Whether a program does for members what skorch's own loop does for each.

Modules there are that run together and go wrong in silence: they put a new tensor in
the place of a buffer, or have parts that a trace drops. So two members take three steps
both ways, and their losses, gradients and buffers are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
import torch
from skorch import NeuralNet
from torch import Generator, Tensor

from ensembles._ensemble._nets import seeded_torch
from ensembles.nets._members import MemberJob
from ensembles.nets._prediction import copy_net
from ensembles.nets._stacked._losses import BatchLoss
from ensembles.nets._stacked._program import NoProgramError, Program, quiet_torch
from ensembles.nets._stacked._stack import Stack
from ensembles.nets._stacked._trainee import Trainee

__all__ = ["checked_program"]

_STEPS = 3
_MOST_ROWS = 256
# Rounding is some parts in a million; what is dropped is most of a gradient.
_TOLERANCE = 1e-3
_RATE = 0.01


def checked_program(
    kind: type[Program], job: MemberJob, trainees: Sequence[Trainee]
) -> Program:
    """A program that does what the members' nets do.

    Parameters
    ----------
    kind : type of Program
        What is to be made.
    job : MemberJob
        What members learn from.
    trainees : sequence of Trainee
        Two, of unlike weights, which are left as they are.

    Raises
    ------
    NoProgramError
        If there is none for the module, it fails, or it does something else.
    """
    alone = [_Alone(trainee) for trainee in trainees]
    with seeded_torch(0, "cpu"), quiet_torch():
        try:
            program = kind(trainees[0].net.module_)
            together = _Together(program, trainees)
            for X, y in _batches(job, trainees):
                losses = together.step(X, y)
                for place, one in enumerate(alone):
                    loss = one.step(X[place], y[place])
                    together.compare(place, one, losses[place], loss)
        except NoProgramError:
            raise
        except Exception as error:  # whatever code of the user's meets a mapped tensor
            line = str(error).partition("\n")[0]
            raise NoProgramError(f"{type(error).__name__}: {line}") from error
    return program


def _batches(
    job: MemberJob, trainees: Sequence[Trainee]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of both members, each of shape (2, n_rows, ...)."""
    X, y = torch.from_numpy(job.X), torch.from_numpy(job.y)
    size = min(_MOST_ROWS, *(one.batches.size for one in trainees))
    size = min(size, *(len(one.rows) for one in trainees))
    for step in range(_STEPS):
        places = np.arange(step * size, (step + 1) * size)
        at = torch.stack([one.rows[places % len(one.rows)] for one in trainees])
        yield X[at], y[at]


def _copied(trainee: Trainee) -> tuple[NeuralNet, Generator]:
    generator = Generator()
    generator.set_state(trainee.generator.get_state())
    return copy_net(trainee.net), generator


@final
class _Alone:
    """A member that takes its steps by itself."""

    def __init__(self, trainee: Trainee) -> None:
        self.net, self._generator = _copied(trainee)
        self._optimizer = torch.optim.SGD(self.net.module_.parameters(), _RATE)

    def step(self, X: Tensor, y: Tensor) -> Tensor:
        """Take a step, and return its loss; gradients stay until the next."""
        self._optimizer.step()
        self._optimizer.zero_grad()
        torch.set_rng_state(self._generator.get_state())
        loss: Tensor = self.net.train_step_single((X, y))["loss"].detach()
        self._generator.set_state(torch.get_rng_state())
        return loss


@final
class _Together:
    """Members that take their steps by a program."""

    def __init__(self, program: Program, trainees: Sequence[Trainee]) -> None:
        nets, generators = zip(*map(_copied, trainees), strict=True)
        self._net, self._program = nets[0], program
        modules = [net.module_ for net in nets]
        self._stack = Stack(modules, generators, program.turned)
        parameters = self._stack.state.parameters.values()
        self._optimizer = torch.optim.SGD(parameters, _RATE)

    def step(self, X: Tensor, y: Tensor) -> Tensor:
        """Take a step, and return losses; gradients stay until the next."""
        self._optimizer.step()
        self._optimizer.zero_grad()
        loss = BatchLoss(self._net, y)
        return self._program.add_gradients(self._stack.state, X, loss).mean(1)

    def compare(self, place: int, one: _Alone, found: Tensor, wanted: Tensor) -> None:
        """Raise unless a member's loss, gradients and buffers are those of its own."""
        _compare("losses", found, wanted)
        module = one.net.module_
        gradients = [_or_zeros(p.grad, p) for p in module.parameters()]
        # What is nothing but rounding is nothing beside the whole gradient.
        whole = sum(float(one.norm()) for one in gradients)
        for (name, parameter), own in zip(
            module.named_parameters(), gradients, strict=True
        ):
            gradient = _or_zeros(self._stack.gradient(name, place), parameter)
            _compare(f"gradients of {name}", gradient, own, whole)
        for name, buffer in module.named_buffers():
            own = self._stack.state.buffers[name][place]
            _compare(f"values of the buffer {name}", own, buffer)


def _or_zeros(gradient: Tensor | None, parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if gradient is None else gradient


def _compare(words: str, found: Tensor, wanted: Tensor, whole: float = 0.0) -> None:
    found, wanted = found.double(), wanted.double()
    limit = _TOLERANCE * (float(wanted.norm()) + 1e-3 * whole) + 1e-12
    if not float((found - wanted).norm()) <= limit:
        raise NoProgramError(f"its {words} are others than in skorch's own loop")
