"""Constants of the exponential that kernels and their twins compute alike.

numba does not see a change of this file: run ``make clean-kernels`` after one.
"""

from __future__ import annotations

__all__ = ["COEFFICIENTS", "LARGEST", "LN2_HIGH", "LN2_LOW", "LOG2_E", "SHIFT"]

# Beyond this, either way, exp is no normal float any more.
LARGEST = 708.0
LOG2_E = 1.4426950408889634
# Adding it rounds to a whole number, which then stands in the lowest bits.
SHIFT = 1.5 * 2.0**52
# Log of two, of which the first part times a whole number is exact.
LN2_HIGH = 0.6931471805598903
LN2_LOW = 5.497923018708371e-14
# Of r^2, r^3, ... in exp(r) for |r| up to log(2) / 2: the polynomial of degree 11 whose
# largest relative error is least, 4.1e-17, by Remez' algorithm.
COEFFICIENTS = (
    0.5000000000000002,
    0.1666666666666626,
    0.04166666666661293,
    0.008333333333697852,
    0.001388888891924843,
    0.00019841268845561673,
    2.4801520497703456e-05,
    2.7558365589543793e-06,
    2.761985471344888e-07,
    2.4696324150643876e-08,
)
