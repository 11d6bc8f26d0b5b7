"""Grafana's documents, from panels: what a board shows, where it stands, and the query behind each line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["stat", "timeseries", "table", "bargauge", "alertlist", "histogram"]
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDE = 24
"""Columns of a screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One query of a panel."""

    query: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One rectangle of a board."""

    title: str
    lines: Sequence[Line] = ()
    kind: Kind = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 7
    limits: Sequence[tuple[float, str]] = ()
    """From which value on it is shown in which colour; below the first: green."""
    link: str = ""
    """The board that tells more."""
    decimals: int | None = None
    empty: bool = False
    """Whether nothing to show is what health looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One screen."""

    uid: str
    title: str
    panels: Sequence[Panel]
    variables: Sequence[tuple[str, str]] = ()
    """Name of a choice and the query whose values it offers."""
    tags: Sequence[str] = field(default=("fangkong",))


def document(board: Board) -> dict[str, Any]:
    """A board as Grafana imports it."""
    return {
        "uid": f"fangkong-{board.uid}",
        "title": board.title,
        "tags": list(board.tags),
        "timezone": "Asia/Shanghai",
        "schemaVersion": 38,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "graphTooltip": 1,
        "templating": {"list": [_source(), *(_variable(name, query) for name, query in board.variables)]},
        "annotations": {"list": _annotations()},
        "links": [
            {
                "title": "防控",
                "type": "dashboards",
                "tags": ["fangkong"],
                "asDropdown": True,
                "keepTime": True,
                "includeVars": True,
            }
        ],
        "panels": _placed(board.panels),
    }


def _placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Left to right, and into the next row where a panel does not fit any more."""
    placed: list[dict[str, Any]] = []
    x = y = row = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > _WIDE:
            x, y, row = 0, y + row, 0
        placed.append(_panel(number, panel, x, y))
        x, row = x + panel.width, max(row, panel.height)
    return placed


def _panel(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    limits: list[tuple[float | None, str]] = [(None, "green"), *panel.limits]
    steps = [{"color": colour, "value": value} for value, colour in limits]
    table = panel.kind == "table"
    made: dict[str, Any] = {
        "id": number,
        "title": panel.title,
        "type": panel.kind,
        "datasource": _SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [
            {
                "refId": chr(ord("A") + nth),
                "datasource": _SOURCE,
                "expr": line.query,
                "legendFormat": line.name or "__auto",
                "instant": table or panel.kind in {"stat", "bargauge"},
                "range": not table,
                **({"format": "table"} if table else {}),
            }
            for nth, line in enumerate(panel.lines)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": steps},
                "color": {"mode": "thresholds" if panel.limits else "palette-classic"},
                **({} if panel.decimals is None else {"decimals": panel.decimals}),
                **({"noValue": "0"} if panel.empty else {}),
            },
            "overrides": [],
        },
        "options": {},
    }
    if panel.link:
        made["links"] = [{"title": "详情 more", "url": f"/d/fangkong-{panel.link}?${{__url_time_range}}"}]
    if table:
        made["transformations"] = [{"id": "merge", "options": {}}, *_columns(panel)]
    if panel.kind == "stat":
        made["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background"}
    if panel.kind == "alertlist":
        made["options"] = {"viewMode": "list", "stateFilter": {"firing": True, "pending": True}}
    return made


def _columns(panel: Panel) -> list[dict[str, Any]]:
    """The names of a table's columns: the queries' own."""
    names = {f"Value #{chr(ord('A') + nth)}": line.name for nth, line in enumerate(panel.lines)}
    return [{"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names}}]


def _source() -> dict[str, Any]:
    return {"name": "source", "type": "datasource", "query": "prometheus", "label": "数据源 source"}


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _annotations() -> list[dict[str, Any]]:
    """What explains a bend in a line: a deploy, rules that came into force, a window that closed."""
    told = (
        ("部署 deploy", "changes(process_start_time_seconds[1m]) > 0", "blue"),
        ("规则 rules", "changes(rules_version[1m]) > 0", "purple"),
        ("关窗 window closes", "abs(time() - observation_window_closes_timestamp_seconds) < 30", "orange"),
    )
    return [
        {
            "name": name,
            "datasource": _SOURCE,
            "expr": query,
            "iconColor": colour,
            "enable": True,
            "step": "30s",
        }
        for name, query, colour in told
    ]
