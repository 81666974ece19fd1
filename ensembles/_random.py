"""Seeds: everything random of replicate or member i follows from i and one entropy.

Neither ``n_jobs`` nor batch size nor the number of calls that a fit was spread over can
then change a number, and the global random state is never read or moved.
"""

from __future__ import annotations

import threading

import numpy as np
from sklearn.utils import check_random_state

from ensembles._typing import Estimator, KeyArray, RandomState
from ensembles.exceptions import InvalidParameterError

__all__ = [
    "GOLDEN",
    "MAX_SEED",
    "entropy_from",
    "entropy_of",
    "first_seed",
    "keys_for",
    "legacy_generator",
    "random_generator",
    "set_random_states",
    "words_of",
]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MAX_SEED = int(np.iinfo(np.int32).max)


def entropy_from(random_state: RandomState, name: str = "random_state") -> int:
    """Return the integer that all seeds of one call derive from.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        An int is its own entropy. A RandomState or Generator is advanced, so a second
        call gets other seeds. None asks the operating system.
    name : str, default="random_state"
        What the caller's parameter is called, for the error.

    Returns
    -------
    int
        A non-negative integer.

    Raises
    ------
    InvalidParameterError
        If `random_state` is a negative int or of another type.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(2, np.uint64)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        high, low = random_state.randint(2**31, size=2, dtype=np.int64)
        return int(high) << 31 | int(low)
    if isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    raise InvalidParameterError(
        f"The {name!r} parameter must be a non-negative int, a numpy RandomState or "
        f"Generator, or None. Got {random_state!r} instead."
    )


def entropy_of(entropy: int, number: int) -> int:
    """Return the entropy of part `number` of a call, such as one of its samples."""
    part = np.random.SeedSequence(entropy, spawn_key=(number,))
    return int(part.generate_state(1, np.uint64)[0])


def random_generator(random_state: RandomState) -> np.random.RandomState:
    """Return the legacy generator that scikit-learn's ensembles draw seeds from.

    An int or RandomState is what it is to scikit-learn. None is fresh entropy, where
    scikit-learn would take and move the global generator.

    Raises
    ------
    InvalidParameterError
        If `random_state` is none of what `entropy_from` takes.
    """
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if isinstance(random_state, int | np.integer) and 0 <= random_state < 2**32:
        return np.random.RandomState(random_state)
    entropy = np.random.SeedSequence(entropy_from(random_state))
    return np.random.RandomState(np.random.MT19937(entropy))


def keys_for(entropy: int, start: int, stop: int) -> KeyArray:
    """Return the keys of replicates `start` to `stop`, each a function of its number.

    They are the words of a SplitMix64 stream, whose states are a constant apart, so
    any range of them costs its length alone.

    Parameters
    ----------
    entropy : int
        What `entropy_from` returned.
    start, stop : int
        Half-open range of replicate numbers.

    Returns
    -------
    ndarray of shape (stop - start,), dtype uint64
        A key seeds ``numpy.random.default_rng`` and the compiled kernels alike.
    """
    (origin,) = np.random.SeedSequence(entropy).generate_state(1, np.uint64)
    numbers = np.arange(start + 1, stop + 1, dtype=np.uint64)
    return words_of(origin + numbers * GOLDEN)


def words_of(states: KeyArray) -> KeyArray:
    """Return the words of a SplitMix64 stream at these states.

    `GOLDEN` is the step from one state to the next.

    References
    ----------
    .. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
       generators", OOPSLA, 453-472, 2014.
    """
    words = states ^ (states >> np.uint64(30))
    words = words * np.uint64(0xBF58476D1CE4E5B9)
    words = words ^ (words >> np.uint64(27))
    words = words * np.uint64(0x94D049BB133111EB)
    return np.asarray(words ^ (words >> np.uint64(31)))


def legacy_generator(seed: int) -> np.random.RandomState:
    """Return ``RandomState(seed)`` for use before the next call in this thread.

    One generator is seeded again: making it anew would take twenty times as long.
    """
    if not hasattr(_of_thread, "generator"):
        _of_thread.generator = np.random.RandomState(0)
    generator: np.random.RandomState = _of_thread.generator
    generator.seed(seed)
    return generator


_of_thread = threading.local()


def first_seed(seed: int) -> int:
    """The number that `set_random_states` gives where there is one to give."""
    return int(legacy_generator(seed).randint(MAX_SEED))


def set_random_states(estimator: Estimator, seed: int | np.random.RandomState) -> None:
    """Fix every ``random_state`` parameter of `estimator`, nested ones too.

    The numbers are those scikit-learn gives the members of its ensembles: keys in
    sorted order, one draw each from ``RandomState(seed)``, or from the one given.
    """
    rng = check_random_state(seed)
    keys = [
        key
        for key in sorted(estimator.get_params(deep=True))
        if key == "random_state" or key.endswith("__random_state")
    ]
    if keys:
        estimator.set_params(**{key: rng.randint(MAX_SEED) for key in keys})
