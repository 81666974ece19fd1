"""Whether a program does for members what skorch's own loop does for each.

Modules there are that run together and go wrong in silence: they put a new tensor in
the place of a buffer, or have parts that a trace drops. So two members take some steps
both ways, and their losses, gradients, buffers and draws are compared. What comes later
than these steps, or in other rows, is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np
import torch
from skorch import NeuralNet
from torch import Generator, Tensor

from ensembles._ensemble._nets import seeded_run
from ensembles.nets._members import MemberJob
from ensembles.nets._prediction import copy_net
from ensembles.nets._stacked._footprint import footprint_of
from ensembles.nets._stacked._losses import BatchLoss
from ensembles.nets._stacked._program import NoProgramError, Program, quiet_torch
from ensembles.nets._stacked._stack import Stack
from ensembles.nets._stacked._trainee import Trainee

__all__ = ["checked_program"]

_STEPS = 3
_MOST_ROWS = 256
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
    with seeded_run(0, "cpu"), quiet_torch():
        try:
            alone = [_Alone(trainee) for trainee in trainees]
            program = kind(trainees[0].net.module_)
            together = _Together(program, trainees)
            for X, y in _batches(job, trainees):
                losses = together.step(X, y)
                for place, one in enumerate(alone):
                    loss = one.step(X[place], y[place])
                    together.compare(place, one, losses[place], loss)
            for one in alone:
                one.check_memory()
        except NoProgramError:
            raise
        except Exception as error:  # whatever code of the user's meets a mapped tensor
            line = str(error).partition("\n")[0]
            raise NoProgramError(f"{type(error).__name__}: {line}") from error
    return program


def _batches(
    job: MemberJob, trainees: Sequence[Trainee]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of both members, each of shape (2, n_rows, ...); the last is a rest."""
    X, y = torch.from_numpy(job.X), torch.from_numpy(job.y)
    n_rows = min(len(one.rows) for one in trainees)
    whole = min(trainees[0].batches.size, n_rows)
    size = min(_MOST_ROWS, whole)
    # In an order of their own: what is rare may come last.
    rng = np.random.default_rng(0)
    orders = [one.rows[rng.permutation(len(one.rows))] for one in trainees]
    for step in range(_STEPS + 1):
        n_own = size if step < _STEPS else min(n_rows % whole, size)
        places = np.arange(step * size, step * size + n_own)
        at = torch.stack([order[places % len(order)] for order in orders])
        if n_own:
            yield X[at], y[at]


def _copied(trainee: Trainee) -> tuple[NeuralNet, Generator]:
    generator = Generator()
    generator.set_state(trainee.generator.get_state())
    return copy_net(trainee.net), generator


@final
class _Alone:
    """A member that takes its steps by itself."""

    def __init__(self, trainee: Trainee) -> None:
        self.net, self.generator = _copied(trainee)
        self._optimizer = torch.optim.SGD(self.net.module_.parameters(), _RATE)
        self.buffers: dict[str, Tensor] = {}
        self._footprint = footprint_of(self.net)
        self._numpys = _numpys_state()

    def check_memory(self) -> None:
        """Raise if steps have changed what no program knows of."""
        if _numpys_state() != self._numpys:
            raise NoProgramError("it draws from numpy's generator")
        if footprint_of(self.net) != self._footprint:
            raise NoProgramError("its module or criterion remembers what it has seen")

    def step(self, X: Tensor, y: Tensor) -> Tensor:
        """Take a step, and return its loss; gradients stay until the next."""
        self._optimizer.step()
        self._optimizer.zero_grad()
        module = self.net.module_
        self.buffers = {name: one.clone() for name, one in module.named_buffers()}
        weights = [one.detach().clone() for one in module.parameters()]
        torch.set_rng_state(self.generator.get_state())
        loss: Tensor = self.net.train_step_single((X, y))["loss"].detach()
        self.generator.set_state(torch.get_rng_state())
        if not all(map(torch.equal, weights, module.parameters())):
            raise NoProgramError("its module writes to its weights")
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
        """Raise unless a member's loss, gradients, buffers and draws are its own."""
        state, module = self._stack.state, one.net.module_
        _compare("losses", found, wanted, _share(wanted) * wanted.abs())
        own_draws = state.generators[place].get_state()
        if not torch.equal(own_draws, one.generator.get_state()):
            raise NoProgramError("it draws other numbers than in skorch's own loop")
        gradients = [_or_zeros(p.grad, p) for p in module.parameters()]
        # What is nothing but rounding is nothing beside the whole gradient.
        whole = 1e-3 * torch.stack([own.norm() for own in gradients]).sum()
        for (name, parameter), own in zip(
            module.named_parameters(), gradients, strict=True
        ):
            gradient = _or_zeros(self._stack.gradient(name, place), parameter)
            limit = _share(own) * (own.norm() + whole)
            _compare(f"gradients of {name}", gradient, own, limit)
        for name, buffer in module.named_buffers():
            found, before = state.buffers[name][place], one.buffers[name]
            moved = (buffer.double() - before.double()).norm()
            limit = _share(buffer) * moved + _rounding(buffer) * buffer.double().norm()
            _compare(f"values of the buffer {name}", found, buffer, limit)


def _numpys_state() -> tuple[bytes, int]:
    state: Any = np.random.get_state()  # noqa: NPY002 - the one that modules draw from
    return state[1].tobytes(), state[2]


def _or_zeros(gradient: Tensor | None, parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if gradient is None else gradient


def _share(values: Tensor) -> float:
    """How far off the same may be, beside its size."""
    return 1e-7 if values.dtype == torch.float64 else 1e-3


def _rounding(values: Tensor) -> float:
    return 10 * torch.finfo(values.dtype).eps if values.is_floating_point() else 0.0


def _compare(words: str, found: Tensor, wanted: Tensor, limit: Tensor) -> None:
    """Raise unless a difference is within a limit."""
    error = (found.double() - wanted.double()).norm()
    if not float(error) <= float(limit) + 1e-12:
        raise NoProgramError(f"its {words} are others than in skorch's own loop")
