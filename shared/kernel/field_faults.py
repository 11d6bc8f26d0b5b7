"""What is wrong with one part of an input and what would be right, in both languages; never the input itself.

Pydantic tells it in English only, and by its own words for types.
"""

from collections.abc import Mapping
from typing import Any, Final

_SAYS: Final[Mapping[str, str]] = {
    "missing": "此项必填。This field is required.",
    "extra_forbidden": "没有这个字段，请去掉。There is no such field; leave it out.",
    "model_attributes_type": "应为 JSON 对象。A JSON object is expected.",
    "model_type": "应为 JSON 对象。A JSON object is expected.",
    "dict_type": "应为 JSON 对象。A JSON object is expected.",
    "list_type": "应为列表。A list is expected.",
    "string_type": "应为文本。A text is expected.",
    "string_too_short": "至少 {min_length} 个字符。At least {min_length} characters.",
    "string_too_long": "最多 {max_length} 个字符。At most {max_length} characters.",
    "string_pattern_mismatch": "格式不对，应符合 {pattern} 。The form is not right; it has to match {pattern} .",
    "too_short": "至少 {min_length} 项。At least {min_length} items.",
    "too_long": "最多 {max_length} 项。At most {max_length} items.",
    "literal_error": "应为其中之一：{expected}。One of these is expected: {expected}.",
    "enum": "应为其中之一：{expected}。One of these is expected: {expected}.",
    "greater_than": "应大于 {gt}。It has to be greater than {gt}.",
    "greater_than_equal": "不得小于 {ge}。It has to be {ge} or more.",
    "less_than": "应小于 {lt}。It has to be less than {lt}.",
    "less_than_equal": "不得大于 {le}。It has to be {le} or less.",
    "decimal_max_digits": "最多 {max_digits} 位数字。At most {max_digits} digits.",
    "decimal_max_places": "最多 {decimal_places} 位小数。At most {decimal_places} decimal places.",
    "decimal_whole_digits": "整数部分最多 {whole_digits} 位。At most {whole_digits} digits before the point.",
    "timezone_aware": "时间须带时区，如 2020-02-24T07:30:00+08:00。"
    "A time needs its offset, such as 2020-02-24T07:30:00+08:00.",
    "union_tag_invalid": "应为其中之一：{expected_tags}。One of these is expected: {expected_tags}.",
    "union_tag_not_found": "缺少 {discriminator}。{discriminator} is missing.",
}
_BY_KIND: Final[Mapping[str, str]] = {
    "uuid": "应为 UUID，如 0170737c-1d80-7000-8000-000000000001。"
    "A UUID is expected, such as 0170737c-1d80-7000-8000-000000000001.",
    "int": "应为整数。A whole number is expected.",
    "float": "应为数字。A number is expected.",
    "finite": "应为数字。A number is expected.",
    "decimal": "应为数字，如 36.5。A number is expected, such as 36.5.",
    "bool": "应为 true 或 false。true or false is expected.",
    "date": "应为日期，如 2020-02-24。A day is expected, such as 2020-02-24.",
    "datetime": "应为带时区的时间，如 2020-02-24T07:30:00+08:00。"
    "A time with its offset is expected, such as 2020-02-24T07:30:00+08:00.",
    "time": "应为时刻，如 09:30。A time of day is expected, such as 09:30.",
    "bytes": "应为文本。A text is expected.",
    "json": "不是有效的 JSON。This is not valid JSON.",
}
"""By the first word of a type: `uuid_parsing`, `uuid_type`, `date_from_datetime_inexact`, …"""
ELSE: Final = "内容不符合要求。This value is not accepted."


def place_of(fault: Mapping[str, Any], *, skip: int = 0) -> str:
    """Which field one of Pydantic's errors is about, dotted; a rule over several names one of them itself."""
    named = getattr((fault.get("ctx") or {}).get("error"), "field", None)
    return ".".join(map(str, [*fault["loc"][skip:], *([named] if named else [])]))


def told_of(fault: Mapping[str, Any]) -> str:
    """What one of Pydantic's errors says, by its `type` and what it knows of the limit (`ctx`)."""
    kind, known = fault["type"], fault.get("ctx") or {}
    if kind == "value_error":  # a rule of ours, that says in both languages what is wrong
        return str(known["error"]) if "error" in known else ELSE
    says = _SAYS.get(kind) or _BY_KIND.get(kind.partition("_")[0], ELSE)
    try:
        return says.format_map(known)
    except KeyError:
        return ELSE
