"""The steps of ``./fangkong walk``: every one is a request to a service, and tells what was answered."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from deploy.cli.calls import Calls, eventually, positions, why
from deploy.cli.words import out
from deploy.local.errors import LocalError
from deploy.local.state import Home
from deploy.town import Returnee
from deploy.town.arrivals import confirmed_on
from shared.kernel.clock import SteppedClock, write_control
from shared.kernel.days import SHANGHAI

DAY = date(2020, 2, 24)
BEGIN = datetime(2020, 2, 24, 9, 0, tzinfo=SHANGHAI)
CLERK, OFFICER, OPS = "community_clerk", "hq_officer", "ops"

CATEGORIES = {
    "focus": "重点地区",
    "higher_risk": "较高风险地区",
    "concern": "关注地区",
    "other": "其他地区",
}
MEASURES = {
    "home_self_monitoring": "居家自律健康观察",
    "home_quarantine": "居家隔离",
    "centralized_observation": "集中观察",
    "medical": "就医",
}
VERDICTS = {
    "admit": "[green]放行 admit[/green]",
    "admit_with_action": "[yellow]放行并提示 admit_with_action[/yellow]",
    "refuse": "[red]不予放行 refuse[/red]",
    "cannot_verify": "[red]暂不能核验 cannot_verify[/red]",
}
TRANSPORTS = {"train": "火车", "plane": "飞机", "coach": "长途客车", "car": "自驾"}


class WalkSteps:
    """One walk: what it has learnt so far, and its steps, each told as it is done."""

    def __init__(self, home: Home, status: Mapping[str, Any], calls: Calls) -> None:
        self.home, self.status, self.calls = home, status, calls
        self.step = 0
        self.device: dict[str, str] = {}
        self.checks = 0

    def through(self, people: list[Returnee]) -> None:
        """All steps, in order."""
        self.move_to(BEGIN)
        self.risk_list()
        who, intake, before = self.register(people)
        compound = intake["compound"]
        case_id = self.observed(intake)
        wanted = {"person_ref": intake["person_ref"], "compound": compound}
        self.too_early(wanted)
        self.enrol(compound)
        by_document = {"kind": "document", "number": who.document}
        self.gate("entry", by_document)
        self.gate("exit", by_document)
        self.equal()
        during = self.figures(compound)
        days = self.declare(case_id)
        self.completed(case_id, days)
        token = self.entry_pass(wanted)
        self.gate("entry", {"kind": "pass_token", "token": token})
        self.equal()
        self.headquarters(compound, before, during, self.figures(compound))

    # ---- steps

    def risk_list(self) -> None:
        """The risk list of the day; proposed from the real counts and published where nobody did."""
        current = self.calls.ask(
            "GET", "registry", "/v1/risk-areas/current", headers=self.calls.as_role(OFFICER)
        )
        if current.status_code == 200:
            known = current.json()
            self.tell(
                f"风险地区清单第 {known['revision']} 版，{len(known['areas'])} 个地区，"
                f"自 {known['effective_from']} 起",
                f"risk list in force since {known['effective_from']}",
            )
            return
        proposal = self.post(OFFICER, "registry", "/v1/risk-areas/proposals", {"day": DAY.isoformat()})
        areas = {area["code"]: area["category"] for area in proposal["areas"]}
        published = {
            "revision": proposal["revision"],
            "effective_from": DAY.isoformat(),
            "proposed_from": DAY.isoformat(),
            "areas": areas,
        }
        self.post(OFFICER, "registry", "/v1/risk-areas", published)
        self.tell(
            f"指挥部按 {DAY} 真实确诊数发布风险地区清单，{len(areas)} 个地区",
            f"HQ publishes the risk list that policy makes of the real counts: {len(areas)} areas",
        )

    def register(self, people: list[Returnee]) -> tuple[Returnee, dict[str, Any], dict[str, Any]]:
        """The first of them who is not under observation already; with HQ's figures from before."""
        for who in people:
            before = self.figures(who.compound)
            answer = self.calls.ask(
                "POST",
                "registry",
                "/v1/returnees",
                headers=self.calls.as_role(CLERK),
                json={"intake_id": str(uuid4()), **who.intake()},
            )
            if answer.status_code == 409 and answer.json().get("code") == "already_observed":
                continue
            if answer.status_code != 201:
                reason = why(answer)
                raise LocalError(f"登记未成功（{reason}）。", f"The registration failed ({reason}).")
            intake = answer.json()
            self._tell_intake(who, intake)
            return who, intake, before
        raise LocalError("所有返回人员都在观察中。", "All returnees of the day are under observation.")

    def _tell_intake(self, who: Returnee, intake: dict[str, Any]) -> None:
        cases = confirmed_on(DAY)[who.from_code]
        trip = f"{TRANSPORTS[who.transport]} {who.trip}".strip()
        proof = "有凭证 with proof" if who.proof else "无凭证 without proof"
        self.tell(
            f"{who.name[0]}某从{who.from_province}{who.from_city}返回（{who.from_code}，当日累计确诊 {cases:,}），"
            f"{trip}，住 {who.compound} {who.building}{who.unit}{who.room}",
            f"back from a city with {cases:,} confirmed cases; {proof}",
        )
        category, measure = intake["category"], intake["measure"]
        self.tell(
            f"登记判定：{CATEGORIES.get(category, '')} {category} → "
            f"[bold]{MEASURES.get(measure, '')} {measure}[/bold]",
            "the measure follows from where they have been",
        )
        self.more(f"规则 rule · {escape(intake['rule'])}")
        self.more(
            f"第 0 天 day 0 [bold]{intake['anchor_date']}[/bold]，最后一天 last day "
            f"[bold]{intake['last_day']}[/bold]，最早办证 pass from [bold]{intake['pass_from']}[/bold] "
            f"（政策第 {intake['policy_version']} 版，风险清单第 {intake['risk_revision']} 版）"
        )

    def observed(self, intake: dict[str, Any]) -> str:
        """Observation opens the case by itself, and tells the registry."""

        def opened() -> str | None:
            known = self.get(CLERK, "registry", f"/v1/returnees/{intake['intake_id']}")
            return str(known["case_id"]) if known["case_id"] else None

        case_id = eventually(opened, "健康观察开始", "the observation begins")
        self.equal()
        self.tell(
            "健康观察自动开始，登记、卡口、指挥部都已知晓", "observation begins by itself; all services know"
        )
        return case_id

    def too_early(self, wanted: dict[str, Any]) -> None:
        """No pass before the period is over."""
        refused = self.calls.ask(
            "POST",
            "registry",
            "/v1/passes",
            headers=self.calls.as_role(CLERK),
            json={"request_id": str(uuid4()), **wanted},
        )
        if refused.status_code != 409:
            reason = why(refused)
            raise LocalError(
                f"提前办证没有被拒绝（{reason}）。", f"An early pass was not refused ({reason})."
            )
        problem = refused.json()
        self.tell(
            f"提前申请出入证：[red]拒绝[/red]，最早 [bold]{problem['first_possible']}[/bold]",
            f"an early pass is refused: 409 {problem['code']}",
        )

    def enrol(self, compound: str) -> None:
        """A device at the compound's first checkpoint."""
        known = self.get(OFFICER, "registry", f"/v1/compounds/{compound}")
        checkpoint = next(one for one in known["checkpoints"] if one["open"])
        code = self.post(
            OPS,
            "gate",
            "/v1/enrolment-codes",
            {"request_id": str(uuid4()), "checkpoint": checkpoint["checkpoint_id"]},
        )
        device = self.post({}, "gate", "/v1/devices", {"code": code["code"], "device_id": str(uuid4())})
        self.device = {"Authorization": f"Device {device['credential']}"}
        self.tell(
            f"{known['name']} {checkpoint['name']}（{checkpoint['checkpoint_id']}）启用一台核验设备",
            "a device is enrolled at the compound's gate",
        )

    def gate(self, direction: str, subject: dict[str, str]) -> None:
        """One check, as the device at the gate sends it."""
        self.checks += 1
        told = self.post(
            self.device,
            "gate",
            "/v1/entry-checks",
            {
                "check_id": str(uuid4()),
                "seq": self.checks,
                "direction": direction,
                "subject": subject,
                "mask": True,
                "temperature_c": "36.5",
                "checked_at": self.now().isoformat(),
            },
        )
        way = "进门 entry" if direction == "entry" else "出门 exit"
        shown = "出示出入证 pass" if subject["kind"] == "pass_token" else "报证件号 document"
        self.tell(
            f"卡口{way}（{shown}）：{VERDICTS.get(told['verdict'], told['verdict'])}",
            f"the guard sees {told['display']['surname']} {told['display']['room'] or ''}".strip()
            if told["display"]
            else "nothing of the person is shown",
        )
        for reason in told["reasons"]:
            text = reason["text"] or {"zh_cn": "", "en": ""}
            self.more(f"{reason['code']} · {escape(text['zh_cn'])} [dim]{escape(text['en'])}[/dim]")
        self.more(f"→ {escape(told['instruction']['zh_cn'])} [dim]{escape(told['instruction']['en'])}[/dim]")

    def declare(self, case_id: str) -> int:
        """Every window of every day, through the resident's own link; returns the days of the period."""
        link = self.post(CLERK, "observation", f"/v1/cases/{case_id}/links", {"link_id": str(uuid4())})
        session = self.post({}, "observation", "/v1/link-sessions", {"token": link["token"]})
        resident = {"Authorization": f"Link {session['session']}"}
        mine = self.get(resident, "observation", "/v1/me/case")
        days: int = mine["days"]
        self.tell(
            f"本人链接每日早晚各报一次体温，共 {2 * days} 次",
            "the resident declares every morning and evening through a personal link",
        )
        columns = (TextColumn("   {task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=out) as bar:
            task = bar.add_task("", total=2 * days)
            while (window := mine["next_window"]) is not None:
                self.move_to(_within(window))
                bar.update(task, description=f"{window['day']} {window['window']:<7}")
                self.post(
                    resident,
                    "observation",
                    "/v1/me/declarations",
                    {"declaration_id": str(uuid4()), "temperature_c": "36.6", "symptoms": []},
                )
                bar.advance(task)
                mine = self.get(resident, "observation", "/v1/me/case")
        figures = mine["figures"]
        self.more(
            f"第 {mine['day_number']} 天 day {mine['day_number']}：应报 due {figures['due']}，"
            f"已报 answered {figures['answered']}，漏报 missed {figures['missed']}"
        )
        return days

    def completed(self, case_id: str, days: int) -> None:
        """24:00 of the last day: nobody does anything, and the observation is complete."""
        path = f"/v1/cases/{case_id}"
        last_day = date.fromisoformat(self.get(CLERK, "observation", path)["last_day"])
        midnight = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), SHANGHAI)
        self.move_to(midnight + timedelta(seconds=1))

        def ended() -> bool:
            state: str = self.get(CLERK, "observation", path)["state"]
            return state != "under_observation"

        eventually(ended, "期满解除", "the release")
        state = self.get(CLERK, "observation", path)["state"]
        if state != "completed":
            raise LocalError(f"期满而未解除，状态 {state}。", f"The period is over, but the case is {state}.")
        self.equal()
        self.tell(
            f"{last_day} 24:00 满 {days} 天：[green]自动解除 completed[/green]",
            "the period is over and the observation completes by itself",
        )

    def entry_pass(self, wanted: dict[str, Any]) -> str:
        """Asked for on the next morning, and issued; returns the text of its QR code."""
        self.move_to(self.now().astimezone(SHANGHAI).replace(hour=8, minute=0, second=0, microsecond=0))
        issued = self.post(CLERK, "registry", "/v1/passes", {"request_id": str(uuid4()), **wanted})
        self.equal()
        until = datetime.fromisoformat(issued["valid_until"]).astimezone(SHANGHAI)
        token: str = issued["token"]
        self.tell(
            f"出入证 [bold]{issued['number']}[/bold] 已签发，有效至 {until:%Y-%m-%d %H:%M}",
            f"an entry pass is issued and signed; its QR code has {len(token)} characters",
        )
        return token

    # ---- headquarters

    def figures(self, compound: str) -> dict[str, Any]:
        """The compound's line on HQ's board, with the business day."""
        answer = self.get(OFFICER, "reporting", f"/v1/board/{compound}")
        line: dict[str, Any] = answer["compound"]
        return line | {"day": answer["day"]}

    def headquarters(self, compound: str, *seen: dict[str, Any]) -> None:
        """What HQ saw of the compound before, meanwhile and after."""
        self.tell(
            f"指挥部看到的 {compound}", "what headquarters see of the compound; checks are those of the day"
        )
        table = Table(box=None, padding=(0, 2), show_edge=False)
        table.add_column("   指标 figure")
        for title, line in zip(("之前 before", "观察中 during", "之后 after"), seen, strict=True):
            table.add_column(f"{title}\n{line['day']}", justify="right")
        for name, zh in (
            ("people", "登记人数"),
            ("under_observation", "观察中"),
            ("passes_active", "有效出入证"),
            ("checks", "当日核验"),
            ("entries", "当日放行进入"),
            ("refused", "当日劝返"),
        ):
            table.add_row(f"   {zh} [dim]{name}[/dim]", *(f"{line[name]:,}" for line in seen))
        out.print(table)

    # ---- helpers

    def get(self, who: str | dict[str, str], service: str, path: str) -> Any:
        """What a service answers to a role, or to somebody who has headers of their own."""
        return self.calls.told("GET", service, path, headers=self._headers(who))

    def post(self, who: str | dict[str, str], service: str, path: str, body: dict[str, Any]) -> Any:
        """What a service answers to a command."""
        return self.calls.told("POST", service, path, headers=self._headers(who), json=body)

    def _headers(self, who: str | dict[str, str]) -> dict[str, str]:
        return self.calls.as_role(who) if isinstance(who, str) else who

    def tell(self, zh: str, en: str) -> None:
        """A numbered step."""
        self.step += 1
        at = self.now().astimezone(SHANGHAI)
        out.print(
            f"[bold cyan]{self.step:>2}[/bold cyan] [dim]{at:%m-%d %H:%M}[/dim] {zh} [dim]{en}[/dim]",
            soft_wrap=True,
        )

    def more(self, text: str) -> None:
        """A line below a step."""
        out.print(f"   {text}", soft_wrap=True)

    def now(self) -> datetime:
        """Business time."""
        return SteppedClock(self.home.clock).now()

    def move_to(self, instant: datetime) -> None:
        """Step business time for all services at once, and stop it there."""
        write_control(self.home.clock, instant.astimezone(UTC), 0.0)

    def equal(self) -> None:
        """Wait until every consumer has applied every event."""

        def everything() -> bool:
            found = positions(self.home, self.status)
            return found is not None and found.equal

        eventually(everything, "各服务同步", "the services catch up")


def _within(window: dict[str, str]) -> datetime:
    """A third into a window: people do not declare at the stroke of the hour."""
    opens, closes = (datetime.fromisoformat(window[edge]) for edge in ("opens", "closes"))
    return opens + (closes - opens) / 3
