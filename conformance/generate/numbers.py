"""National numbers kept for tests, with their check digits."""

from __future__ import annotations

CAPACITY = 900_000
"""How many NHS numbers of the 999 range ``nhs_number`` can give, without a repeat."""

_STRIDE = 318_467  # coprime to CAPACITY: neighbours do not look alike


def check_digit(nine: str) -> int:
    """The modulus 11 check digit of nine digits; 10 where there is none (NHS Data Dictionary, NHS NUMBER)."""
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    return (11 - total % 11) % 11


def nhs_number(serial: int) -> str:
    """The valid 999 number with that serial, 0 to CAPACITY - 1; different serials give different numbers. Raises IndexError.

    Of the ten numbers that share their first eight digits at most one has no check digit: nine of each ten are used.
    """
    if not 0 <= serial < CAPACITY:
        raise IndexError(f"the 999 range gives {CAPACITY} numbers; serial {serial} is beyond it")
    prefix, slot = divmod(serial * _STRIDE % CAPACITY, 9)
    eight = f"999{prefix:05d}"
    for digit in range(10):
        check = check_digit(f"{eight}{digit}")
        if check == 10:
            continue
        if slot == 0:
            return f"{eight}{digit}{check}"
        slot -= 1
    raise AssertionError("unreachable: nine of ten ninth digits have a check digit")


def case_serial(seed: int, index: int) -> int:
    """Where person ``index`` of a seed sits among the serials; the last thousand serials are left for people made by hand."""
    room = CAPACITY - 1000
    if index >= room:
        raise IndexError(f"a seed gives {room} people; number {index} is beyond it")
    return (index + seed * 104_729) % room
