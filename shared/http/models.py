"""Base classes of request and response models."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class BodyRuleError(ValueError):
    """What a rule over several fields of a body says, and which of them it is about."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class Body(BaseModel):
    """A request body: unknown fields are refused, texts are stripped, numbers are finite.

    JSON with NUL characters, lone surrogates or invalid UTF-8 never gets here: `shared.http.bodies` refuses it. Forms
    with them do, so a form is a `SubmittedForm`.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class SubmittedForm(Body):
    """A body that arrives as a form: NUL characters, which PostgreSQL cannot store, are refused here."""

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, given: Any) -> Any:
        for value in given.values() if isinstance(given, dict) else ():
            if any(
                isinstance(part, str) and "\0" in part
                for part in (value if isinstance(value, list) else [value])
            ):
                raise ValueError("不能含有空字符。NUL characters are not allowed.")
        return given


class Answer(BaseModel):
    """A response body: an explicit list of fields, so that what a role may see is what the class names."""

    model_config = ConfigDict(extra="forbid", frozen=True)
