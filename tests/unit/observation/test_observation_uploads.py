"""What a phone kept and hands in later: in any order, as often as it likes, the figures are the same."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.calendar import Slot
from services.observation.domain.case import Case
from services.observation.domain.declaring import Draft, decide_declaration
from services.observation.domain.grid import figures_of, grid_of
from services.observation.domain.settling import decide_settling
from tests.unit.observation.given import CALENDAR, a_case, a_draft, at

FEB24 = date(2020, 2, 24)
HANDED_IN = at(date(2020, 2, 27), "09:00")
OPENED = at(FEB24, "09:00")

kept = st.builds(
    lambda minutes, temperature, symptoms: a_draft(
        temperature, symptoms=symptoms, at_=OPENED + timedelta(minutes=minutes)
    ),
    st.integers(0, 3 * 24 * 60),
    st.sampled_from(["36.2", "36.9", "37.2", "37.3", "38.5", None]),
    st.sampled_from([(), (), (), ("cough",)]),
)


def handed_in(drafts: list[Draft]) -> Case:
    """As the commands do it, one after another at one time: what is there already is not taken again."""
    case, _ = decide_settling(a_case(FEB24, OPENED), CALENDAR, until=HANDED_IN)
    seen = set()
    for draft in drafts:
        if draft.declaration_id not in seen:
            seen.add(draft.declaration_id)
            case, _ = decide_declaration(case, draft, CALENDAR, now=HANDED_IN)
    return case


@given(st.lists(kept, min_size=1, max_size=12), st.data())
def test_any_order_and_any_repetition_give_the_same_figures(drafts: list[Draft], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(drafts), max_size=6))
    shuffled = data.draw(st.permutations([*drafts, *again]))
    one, other = handed_in(drafts), handed_in(list(shuffled))
    cells = grid_of(one, CALENDAR, now=HANDED_IN)
    assert cells == grid_of(other, CALENDAR, now=HANDED_IN)
    assert figures_of(cells) == figures_of(grid_of(other, CALENDAR, now=HANDED_IN))
    assert one.state is other.state
    answered: dict[Slot, object] = dict(one.answers)
    assert answered == dict(other.answers)
    figures = figures_of(cells)
    assert figures.answered + figures.missed + figures.open == figures.due
