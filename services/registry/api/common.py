"""What every router of the registry needs."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from services.registry.domain.people import is_masked
from services.registry.handlers.people import Keeper
from shared.context import Context
from shared.events.envelope import Cause
from shared.http.access import Principal
from shared.kernel.identities import normalise_name, normalise_phone
from shared.kernel.ids import uuid7
from shared.obs.logging import current_correlation

Day = Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))]
Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
Number = Annotated[int, Field(ge=1, lt=2**31)]


def _whole_name(name: str) -> str:
    name = normalise_name(name)
    if not name:
        raise ValueError("请填写姓名。Give a name.")
    if is_masked(name):
        raise ValueError("姓名已脱敏，请填写完整姓名。The name is masked; give it in full.")
    return name


PersonName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_whole_name)]
"""What somebody is called, whole: by `王*` nobody is found again, nor by letters that nobody sees."""


def _phone(written: str) -> str:
    phone = normalise_phone(written)
    if phone is None:
        raise ValueError(
            "电话无法拨通：请填 11 位手机号、带区号的固定电话（分机写在“转”后），境外号码以 + 和国家代码开头。"
            "Nobody can be called there: give a mobile number of 11 digits, a landline with its area code (an "
            "extension follows “转” or “ext”), or a number of another country with + and its code."
        )
    return phone


Phone = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_phone)]
"""A phone at which somebody can be called, in its one spelling."""
PhoneOrNone = Annotated[
    str, StringConstraints(max_length=40), AfterValidator(lambda written: written.strip() and _phone(written))
]
"""The same; empty where there is none."""


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Running = Annotated[Context, Depends(_context)]
"""How a handler asks for what the service works with."""


def keeper_of(context: Context) -> Keeper:
    """What entering and reading people needs besides the transaction."""
    return Keeper(vault=context.vault, cards=context.cards)


def cause() -> Cause:
    """What a request sets off carries the request's correlation id."""
    return Cause(correlation=current_correlation() or uuid7())


def roles_of(who: Principal) -> str:
    """The roles that opened the route, for the audit log."""
    return ",".join(sorted({grant.role for grant in who.grants}))
