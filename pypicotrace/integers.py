"""Python's integers as C has them. Imports nothing of ours."""


def within(name: str, value: int, bits: int, *, signed: bool = False) -> int:
    """An integer of so many bits, written with or without a sign, as the field has it.

    :raises TypeError, ValueError: it is no integer, or too large.
    """
    if not isinstance(value, int):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    if not -(2 ** (bits - 1)) <= value < 2**bits:
        raise ValueError(f"{name} has {bits} bits: {value} is too large")
    value %= 2**bits
    return value - 2**bits if signed and value >= 2 ** (bits - 1) else value
