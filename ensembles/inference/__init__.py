"""Statistics over a scheme: standard errors, intervals and tests."""

__all__: list[str] = []
