"""What this process' figures say, whether it leads or not."""

from shared.obs.metrics import LED, REGISTRY


def figure(name: str, **labels: str) -> float | None:
    """The value of one series; None where it was never set."""
    with LED.leading():
        found = LED.get_sample_value(name, labels)
    return REGISTRY.get_sample_value(name, labels) if found is None else found
