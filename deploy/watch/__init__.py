"""What operators watch: rules, alerts and dashboards as code; the files that they become are committed beside it.

`python -m deploy.documents` writes `deploy/prometheus`, `deploy/grafana` and the two documents about them.
"""
