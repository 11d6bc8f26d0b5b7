"""All routes of the desk's pages, in one place for the service to take."""

from services.observation.pages import (
    case,
    case_acts,
    case_links,
    case_list,
    fever_confirmed,
    fever_tabs,
    worklist,
    worklist_bulk,
    worklist_days,
    worklist_exchange,
    worklist_group,
)

ROUTERS = (
    worklist.router,
    worklist_days.router,
    worklist_bulk.router,
    worklist_group.router,
    worklist_exchange.router,
    fever_tabs.router,
    fever_confirmed.router,
    case_list.router,
    case.router,
    case_acts.router,
    case_links.router,
)
