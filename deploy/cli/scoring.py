"""``./fangkong score``: the error sheets of the town's import beside the answer key that came with its files (P6)."""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.cli.calls import Calls, calling
from deploy.cli.words import out, say
from deploy.local.errors import LocalError
from deploy.local.state import Home
from deploy.town import Manifest
from deploy.town.score import Score, score, table

ROLE = "admin"
PAGE = 200


def score_town(home: Home, status: Mapping[str, Any]) -> Score:
    """Fetch the error sheet of every file of the loaded town, and compare.

    Raises:
        LocalError: no town is loaded here, or its files are gone.
    """
    town = home.state().get("town", {})
    if town.get("state") != "complete" or "imports" not in town:
        raise LocalError(
            "示例城镇尚未载入，请先执行 ./fangkong up。", "No town is loaded; load it with ./fangkong up."
        )
    if not (home.town / "answer-key.jsonl").exists():
        raise LocalError(
            f"{home.town} 里的城镇文件已不在。", f"The files of the town are gone from {home.town}."
        )
    manifest, imports = Manifest.load(home.town), town["imports"]
    with calling(home, status) as calls, out.status("取错误清单… [dim]error sheets[/dim]"):
        outcomes = [
            {"file": file.file, **line}
            for file in manifest.files
            for line in _sheet(calls, file.service, imports[file.file])
        ]
    return score(home.town, outcomes)


def _sheet(calls: Calls, service: str, number: str) -> Iterator[dict[str, Any]]:
    """All lines of an import's error sheet."""
    after: str | None = ""
    while after is not None:
        page = calls.told(
            "GET",
            service,
            f"/v1/imports/{number}/rows",
            headers=calls.as_role(ROLE),
            params={"limit": PAGE} | ({"after": after} if after else {}),
        )
        yield from page["items"]
        after = page["next"]


def score_table(home: Home, status: Mapping[str, Any]) -> bool:
    """Print precision and recall for each fault; returns whether every row was treated as the key expects."""
    result = score_town(home, status)
    view = table(result)
    view.title = "导入核对答案 import against the answer key"
    view.box, view.padding = None, (0, 1, 0, 0)  # names of faults stay whole in eighty columns
    for column in view.columns[:2]:
        column.no_wrap = True
    out.print(view)
    return result.perfect


def score_line(home: Home, status: Mapping[str, Any]) -> None:
    """Print the comparison in one sentence."""
    result = score_town(home, status)
    precision, recall = _percent(result.precision), _percent(result.recall)
    say(
        f"导入核对答案：{result.right:,}/{result.rows:,} 行与答案一致，查准率 {precision}，查全率 {recall}"
        "（逐项：./fangkong score）。",
        f"import against the answer key: precision {precision}, recall {recall}.",
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"
