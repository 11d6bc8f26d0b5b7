"""Checks that come from paper (gate rules)."""

from collections.abc import Mapping

from services.gate.domain.paper import LineKeyed
from shared.kernel.refusal import Refusal

REJECTIONS: Mapping[str, Refusal] = {
    "paper_entry_once": LineKeyed("该行已录入。This line was keyed in before.", field="line"),
}

ADD_ENTRY = """
insert into paper_entry (check_id, checkpoint, sheet, line, keyed_by, keyed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (check_id) do nothing
"""
ENTRY = "select sheet, line from paper_entry where check_id = $1"
