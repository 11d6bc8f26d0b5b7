"""A share of a whole that never flatters."""


def floored_percent(part: int, whole: int) -> str:
    """The share with one decimal, never rounded up: `100.0` only when nothing is missing; of nothing, `0.0`."""
    tenths = part * 1000 // whole if whole else 0
    return f"{tenths // 10}.{tenths % 10}"
