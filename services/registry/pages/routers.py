"""The routes of all pages of the desk."""

from fastapi import APIRouter

from services.registry.pages import (
    applications,
    applications_bulk,
    calls,
    closing,
    duplicates,
    exports,
    imports,
    intake,
    leads,
    passes,
    people,
    person_passes,
    returnees,
    surveys,
    trips,
    watch_lists,
)

ROUTERS: tuple[APIRouter, ...] = (
    intake.router,
    trips.router,
    returnees.router,
    applications_bulk.router,
    applications.router,
    passes.router,
    leads.router,
    surveys.router,
    duplicates.router,
    watch_lists.router,
    calls.router,
    people.router,
    person_passes.router,
    imports.router,
    exports.router,
    closing.router,
)
