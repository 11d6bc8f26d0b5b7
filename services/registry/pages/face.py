"""Puts the pages together, with words of their own."""

from pathlib import Path

from services.registry.api.survey_links import link_authenticator
from services.registry.pages import public_terms, terms, terms_desk
from services.registry.pages.entered import label_of
from shared.context import Context
from shared.pages.rendering import Pages


def pages_of(context: Context) -> Pages:
    """Registry's pages."""
    made = Pages.make(
        context,
        "registry",
        folder=Path(__file__).parent,
        words={**terms.WORDS, **terms_desk.WORDS, **public_terms.PUBLIC_WORDS},
        by_link=link_authenticator(context.database),
    )
    for environment in made.environments.values():
        environment.globals["label_of"] = label_of
    return made
