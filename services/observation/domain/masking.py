"""How much of a person a screen shows (Data and law)."""


def masked_name(name: str) -> str:
    """The surname, or the first letter of a name that is not Chinese, and a `*`."""
    return f"{name.strip()[:1]}*"


def masked_phone(phone: str) -> str:
    """The first three and the last four digits where enough stay hidden, otherwise only the last two."""
    digits = phone.strip()
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else f"****{digits[-2:]}"
