"""Reporting's own figures (screens.md section 6.2)."""

from shared.obs.metrics import gauge

PROJECTION_LAG = gauge(
    "reporting_projection_lag_seconds",
    "Business time from the newest event of the last batch to its arrival in the read model.",
    "projection",
)
