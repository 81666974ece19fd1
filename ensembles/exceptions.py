"""Errors and warnings of the library.

::

    Exception
    ├── ValueError, TypeError
    │   └── InvalidParameterError      a constructor parameter outside what is allowed
    ├── ValueError
    │   └── LeakageError               training rows that tell of test rows
    ├── ImportError
    │   └── MissingDependencyError     an optional dependency that is not installed
    └── UserWarning
        ├── MemberFailedWarning        a member that failed and was left out
        └── SearchEdgeWarning          a best value on the edge of those tried
"""

__all__ = [
    "InvalidParameterError",
    "LeakageError",
    "MemberFailedWarning",
    "MissingDependencyError",
    "SearchEdgeWarning",
]


class InvalidParameterError(ValueError, TypeError):
    """A parameter has a value or a type that is not allowed.

    It is both a `ValueError` and a `TypeError`, as scikit-learn's error of the same
    name is, so code that catches either keeps working.

    Examples
    --------
    >>> from ensembles.exceptions import InvalidParameterError
    >>> issubclass(InvalidParameterError, ValueError)
    True
    """


class LeakageError(ValueError):
    """Training rows tell of the test rows of their fold.

    Examples
    --------
    >>> from ensembles.exceptions import LeakageError
    >>> issubclass(LeakageError, ValueError)
    True
    """


class MissingDependencyError(ImportError):
    """An optional dependency is needed and not installed.

    Examples
    --------
    >>> from ensembles.exceptions import MissingDependencyError
    >>> issubclass(MissingDependencyError, ImportError)
    True
    """


class MemberFailedWarning(UserWarning):
    """A member of an ensemble failed to fit and was left out (``error_score=nan``).

    Examples
    --------
    >>> from ensembles.exceptions import MemberFailedWarning
    >>> issubclass(MemberFailedWarning, UserWarning)
    True
    """


class SearchEdgeWarning(UserWarning):
    """The best value of a parameter is the lowest or highest that was tried.

    Examples
    --------
    >>> from ensembles.exceptions import SearchEdgeWarning
    >>> issubclass(SearchEdgeWarning, UserWarning)
    True
    """
