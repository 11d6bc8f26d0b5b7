"""The registry's figures (screens.md section 6.2). No label says who."""

from shared.obs.metrics import counter

REGISTRATIONS = counter(
    "registry_registrations_total",
    "People and returnees registered, by where they came from and what came of it.",
    *("kind", "source", "result"),
)
PASSES_ISSUED = counter("registry_passes_issued_total", "Entry passes issued.", "class")
PASSES_STOPPED = counter(
    "registry_passes_revoked_total", "Entry passes suspended or revoked, by reason.", "class"
)
