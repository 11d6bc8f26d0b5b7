"""What needs two people in the registry."""

from services.registry.handlers import closing, exports
from shared.second_person.requests import Acts

ACTS: Acts = {**exports.ACTS, **closing.ACTS}
DECIDERS = exports.DECIDERS | closing.DECIDERS
