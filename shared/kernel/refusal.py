"""The one way to say no: a small exception with a stable code, rendered once as problem+json.

A domain raises a subclass defined beside its rule; it needs no HTTP to do so. `status` is what a caller over
HTTP receives and nothing else; a reaction to an event treats a refusal as a decision, never as a crash.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

REMEDIES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "更正请求后重新提交。Correct the request, then send it again.",
        401: "重新登录或更换凭证后再试。Sign in anew, or with other credentials, then try again.",
        403: "请有此权限的人办理，或请管理员授权。Ask somebody who may, or have the administrator allow it.",
        404: "核对编号或地址，或从列表重新打开。Check the id or address, or open it anew from its list.",
        405: "按接口说明更换方法。Use a method that the description of the interface names.",
        409: "重新读取后按现状办理。Read it again, and go on from how it stands now.",
        410: "已不再保存；仍需要的，重新申请。It is kept no longer; ask for it anew if it is still needed.",
        413: "减少内容后重新提交。Send less at once.",
        415: "按接口说明更换格式后重新提交。Send it in a format that the description of the interface names.",
        422: "更正后重新提交。Correct it, then send it again.",
        429: "稍候再试（Retry-After 给出秒数）。Wait a little (Retry-After tells the seconds), then try again.",
        503: "请稍后原样再试，编号不变。Try the same again in a moment, with the same id.",
    }
)
"""What to do next where neither the place that refuses nor the kind of refusal says it better, by status."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """A request or command that was understood and is not carried out.

    Class attributes:
        status: HTTP status, 400 to 599.
        code: stable snake_case name; clients branch on it, texts may change.
        usual_remedy: what to do next wherever the place that refuses does not say it better.

    Attributes:
        detail: one sentence for people, Chinese first where people read it. Never personal data.
        field: the part of the input it is about, dotted, or None.
        remedy: what to do next; None only where a status has no usual one.
        extra: further members of the problem (e.g. `first_possible=date`), JSON-able.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    usual_remedy: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        """Check status and code when the class is made, so a typo shows at import and not at a gate."""
        super().__init_subclass__()
        if not _CODE.fullmatch(cls.code) or not 400 <= cls.status <= 599:
            raise TypeError(f"{cls.__qualname__}: code must be snake_case and status 400 to 599")

    def __init__(
        self, detail: str, *, field: str | None = None, remedy: str | None = None, **extra: object
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.remedy = remedy or self.usual_remedy or REMEDIES.get(self.status)
        self.extra = extra


class PolicySilent(Refusal):
    """The policy in force says nothing about this: nothing can be judged until it does (R1.2)."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "policy_silent"

    def __init__(self, missing: str) -> None:
        super().__init__(
            "现行规则没有规定这一项。The policy in force says nothing about this.",
            remedy="由指挥部在登记服务发布新版规则（POST /v1/policies）。"
            "HQ puts a version in force that says it: the registry's POST /v1/policies.",
            missing=missing,
        )


class SameIdOtherContent(Refusal):
    """The id was used before, for something else: a repeat must be the same in all that counts."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "same_id_other_content"
    usual_remedy: ClassVar[str | None] = (
        "另一件事用新的编号；重发须与原内容一致。"
        "Use a new id for another thing; a repeat says the same as before."
    )


class FileExpired(Refusal):
    """A file was kept for its time and is gone; how to come by it anew is said where it is asked for."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "file_expired"
