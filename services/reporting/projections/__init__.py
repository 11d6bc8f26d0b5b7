"""Read models: one module each, a pure fold and few statements. Live equals rebuilt, row by row.

Different channels run side by side, so no row is written from two channels: whatever order they come in, the
tables end the same.
"""

from services.reporting.projections.addresses import Addresses
from services.reporting.projections.census import Census
from services.reporting.projections.check_flags import CheckFlags
from services.reporting.projections.compounds import Compounds
from services.reporting.projections.daily_tally import DailyTally
from services.reporting.projections.duty import Duty
from services.reporting.projections.entry_flow import EntryFlow
from services.reporting.projections.entry_passes import EntryPasses
from services.reporting.projections.gates import Gates
from services.reporting.projections.inspections import Inspections, Venues
from services.reporting.projections.leads import Leads
from services.reporting.projections.merges import Merges
from services.reporting.projections.notices import Notices
from services.reporting.projections.observation_roll import ObservationRoll
from services.reporting.projections.overrides import Overrides
from services.reporting.projections.policy import Policy
from services.reporting.projections.population import Population
from services.reporting.projections.postings import Postings
from services.reporting.projections.posts import Posts
from services.reporting.projections.read_model import ReadModel
from services.reporting.projections.report_loops import ReportLoops
from services.reporting.projections.responsibility import Responsibility
from services.reporting.projections.returnees import Returnees
from services.reporting.projections.sanitation_compliance import SanitationCompliance
from services.reporting.projections.service_record import ServiceRecord
from services.reporting.projections.site_exemptions import SiteExemptions
from services.reporting.projections.site_rounds import SiteRounds
from services.reporting.projections.survey import Survey
from services.reporting.projections.survey_days import SurveyDays
from services.reporting.projections.vehicle_flow import VehicleFlows
from services.reporting.projections.ventilation import VentilationDays
from services.reporting.projections.waste_chain import WasteChain
from services.reporting.projections.watch_lists import WatchLists


def all_projections() -> list[ReadModel]:
    """Every read model, ready to be run."""
    return [
        Addresses(),
        Census(),
        CheckFlags(),
        Compounds(),
        DailyTally(),
        Duty(),
        EntryFlow(),
        EntryPasses(),
        Gates(),
        Inspections(),
        Merges(),
        ObservationRoll(),
        Overrides(),
        Policy(),
        Population(),
        Postings(),
        Posts(),
        ReportLoops(),
        Responsibility(),
        Returnees(),
        SanitationCompliance(),
        ServiceRecord(),
        SiteExemptions(),
        SiteRounds(),
        Venues(),
        VentilationDays(),
        WasteChain(),
        Notices(),
        Leads(),
        WatchLists(),
        Survey(),
        SurveyDays(),
        VehicleFlows(),
    ]
