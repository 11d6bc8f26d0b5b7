"""The registry's figures (screens.md section 6.2). No label says who."""

from shared.obs.metrics import LED, counter, gauge

REGISTRATIONS = counter(
    "registry_registrations_total",
    "People and returnees registered, by where they came from and what came of it.",
    *("kind", "source", "result"),
)
PASSES_ISSUED = counter("registry_passes_issued_total", "Entry passes issued.", "class")
SURVEY_HOUSEHOLDS = gauge(
    "registry_survey_households",
    "Dwellings of the open survey rounds, by what was found.",
    *("compound", "state"),
    registry=LED,
)
FORM_ERRORS = counter(
    "registry_form_errors_total",
    "How often a form of a page was shown again because of a field.",
    *("form", "field"),
)
PASSES_STOPPED = counter(
    "registry_passes_revoked_total", "Entry passes suspended or revoked, by reason.", "class"
)


def count_form_error(form: str, field: str) -> None:
    """Count a fault that a form was shown again for; both are names of ours, never what somebody typed."""
    FORM_ERRORS.labels(form, field).inc()
