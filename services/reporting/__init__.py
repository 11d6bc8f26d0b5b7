"""Reporting (指挥部): what HQ sees, projected from everybody's events (R7.1, R1.1).

Owns: read models only; every row follows from events and can be rebuilt at any time.

Events in: all channels except cards (this far: registry's town, people, policy, passes and surveys, gate's
checks of people and vehicles, overrides, their review and duty, observation's cases and declarations, sanitation's
rounds, waste, inspections, orders and venues).
Events out: none yet.

HTTP: `/v1/board`, `/v1/board/{compound}`, `/v1/responsibility`, `/v1/observation-roll`,
`/v1/observation-roll/{case_id}`, `/v1/overrides`, `/v1/rounds-missed`, `/v1/waste`,
`/v1/supervision`.
"""
