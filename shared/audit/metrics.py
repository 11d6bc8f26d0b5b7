"""The figures of the log of reads. No label says who."""

from shared.obs.metrics import LED, counter

BROWSING_NOTICED = counter(
    "audit_browsing_noticed_total",
    "How often an account was noticed to open more records within an hour than the policy finds usual.",
    registry=LED,
)
