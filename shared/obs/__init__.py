"""Observability: JSON logs, Prometheus metrics and traces, with one correlation id through all three."""
