"""Reporting (指挥部): what HQ sees, projected from everybody's events (R7.1, R1.1).

Owns: read models, of which every row follows from events and can be rebuilt at any time; what supervision finds in them
(R7.2); what compounds say of their daily figures, and every report as it went upward (R7.4).

Events in: all channels except cards (this far: registry's town, people, policy, passes and surveys, gate's
checks of people and vehicles, overrides, their review and duty, observation's cases and declarations, sanitation's
rounds, waste, inspections, orders and venues).
Events out: FindingOpened, FindingClosed, DailyReportSent, DailyReportCorrected.

HTTP: `/v1/board`, `/v1/board/{compound}`, `/v1/board/series`, `/v1/board/stream`, `/v1/census`, `/v1/daily-reports/…`,
`/v1/exports/…`, `/v1/responsibility`, `/v1/observation-roll`, `/v1/observation-roll/{case_id}`, `/v1/overrides`,
`/v1/rounds-missed`, `/v1/waste`, `/v1/supervision`, `/v1/findings`, `/v1/findings/{finding_id}` and its `/reply`,
`/close`, `/review`, `/v1/finding-exports`, `/v1/finding-bulletin`, `/v1/service-record`, `/v1/service-record-exports`.
Pages: `/board`, `/figures/{name}`,
`/compounds/{compound}`, `/findings`, `/reports`, `/service-record`.
"""
