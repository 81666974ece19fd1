"""Names of test cases that are the same in every process."""

import re


def without_address(value):
    """What `repr` says of a value, but for where it lies in memory."""
    return re.sub(r" at 0x\w+", "", repr(value))
