"""What can be wrong with a line of a list: a stable code each, and what would be right. Pure (R4.2, P6).

The texts never repeat the value: the clerk has the file, and the sheet names the cell.
"""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a line."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    UNVERIFIED = "accepted_unverified"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a column (empty for a whole line)."""

    column: str
    code: str

    @property
    def outcome(self) -> Outcome:
        """What this fault makes of the line."""
        if self.code == DUPLICATE:
            return Outcome.DUPLICATE
        return Outcome.UNVERIFIED if self.code in KEPT else Outcome.REJECTED


DUPLICATE = "duplicate"

KEPT = frozenset(
    {
        *("birth_contradicts", "document_checksum", "document_malformed"),
        *("phone_malformed", "guardian_unknown", "origin_malformed"),
    }
)
"""Faults after which the line is taken all the same, and marked as unverified."""

EXPLAINED = {
    "address_removed": "该地址已注销；如仍存在，请在小区页面恢复。"
    "The address was taken off the list; put it back on the compound's page if it exists.",
    "birth_contradicts": "出生日期与身份证号码不一致，已按原样保留、标为未核实，请对照证件更正其中之一。"
    "The birth date is not the one in the ID number; kept as written and unverified. Compare with the document.",
    "checkpoint_closed": "该卡口已关闭或是临时通道，请在卡口页面办理。"
    "The checkpoint is closed or a temporary gate; deal with it on its own page.",
    "checkpoint_limit": "该小区出入口数已达现行规定上限。The compound has as many checkpoints as the rules allow.",
    "checkpoint_moved": "卡口编号已属于另一小区。The checkpoint number belongs to another compound.",
    "checkpoint_unknown": "没有这个卡口编号，请先导入卡口。No such checkpoint; import the checkpoints first.",
    "compound_unknown": "没有这个小区编号，请按小区表填写。No such compound; use the number of the compounds list.",
    "date_impossible": "日历上没有这一天，请核对月和日。No calendar has this day; check month and day.",
    "date_in_future": "日期在将来，请核对年份。The day lies in the future; check the year.",
    "date_order": "结束日期早于开始日期。The end lies before the start.",
    "date_unreadable": "日期看不懂，请写成 2020-02-24。Not readable as a day; write it as 2020-02-24.",
    "document_checksum": "证件号码校验位不符，已按原样保留、标为未核实，请对照证件更正。"
    "The check digit does not fit; kept as written and unverified. Compare with the document.",
    "document_kind_unknown": "证件类型不在列表中。The kind of document is not on the list.",
    "document_malformed": "证件号码的位数或字符与证件类型不符，已按原样保留、标为未核实。"
    "The number does not have this document's shape; kept as written and unverified.",
    "document_masked": "号码已脱敏，不能导入；请填写完整号码。The number is masked; give it in full.",
    "document_missing": "缺少证件号码；确无证件的请在证件类型填“无”。"
    "The number is missing; for people without a document the kind is 无.",
    "document_scientific": "号码被表格变成了数值，后几位已丢失；请把该列设为文本后重新填写全部 18 位。"
    "The spreadsheet turned the number into a figure and its last digits are gone; format the column as text and "
    "enter all 18 characters again.",
    "duplicate": "与本表前面的一行重复。Repeats an earlier line of this import.",
    "dwelling_unknown": "标准地址表中没有这套房屋，请核对楼栋、单元、室号。"
    "The address list has no such dwelling; check building, unit and room.",
    "grid_unknown": "该小区没有这个网格编号。The compound has no such grid.",
    "guardian_unknown": "在同一房屋中找不到监护人，请先登记监护人。The guardian is not registered at this dwelling.",
    "id_malformed": "编号只能用字母、数字和连字符，最长 32 位。Letters, digits and hyphens, at most 32.",
    "neighbourhood_conflict": "同一社区编号在本表中有不同名称或类型。"
    "The neighbourhood has another name or kind earlier in this list.",
    "neighbourhood_unknown": "没有这个社区编号。No such neighbourhood.",
    "name_contradicts": "本表前面有一行是同一证件、同一房屋，姓名或出生日期却不同；请对照证件更正。"
    "An earlier line has this document and dwelling under another name or birth date; compare with the document.",
    "number_malformed": "应为整数。A whole number is expected.",
    "origin_malformed": "区划代码应为 6 位数字；本项未采用。A division code has 6 digits; this cell was left out.",
    "person_deceased": "此人已登记死亡；如系误登，请先撤销死亡登记。"
    "The person is registered as deceased; if that is a mistake, undo it first.",
    "phone_malformed": "应为 11 位手机号、带区号的固话，或以 + 和国家代码开头的境外号码；已按原样保留，不能用于查找。"
    "Not a mobile number of 11 digits, a landline with its area code, or a number of another country with + and its "
    "code; kept as written, not used for lookups.",
    "room_missing": "缺少室号。The room number is missing.",
    "value_masked": "内容已脱敏，不能导入。The text is masked; it cannot be imported.",
    "value_missing": "此项必填。This cell must not be empty.",
    "value_too_long": "内容过长。The text is too long.",
    "value_unknown": "内容不在允许的取值之中。Not one of the allowed values.",
    "worker_conflict": "同一工号在本表中有不同的人员信息。The worker is described otherwise earlier in this list.",
}


REMARKED = {
    "sheet_hidden": "隐藏的工作表未导入。A hidden sheet was left out.",
    "sheet_ignored": "没有所需表头的工作表未导入。A sheet without the titles of this list was left out.",
    "column_unknown": "模板中没有此列，本列未导入。The list has no such column; it was left out.",
    "rows_blank": "空行已跳过。Rows without content were skipped.",
}
"""What was left out of a file as a whole."""


def explained(code: str) -> str:
    """What is wrong and what would be right, Chinese first."""
    return EXPLAINED.get(code) or REMARKED[code]
