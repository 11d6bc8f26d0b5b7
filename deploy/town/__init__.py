"""The demonstration town: its register as a township office's files, and its returnees. See README.md.

The generator shares no code with the importers and imports nothing of the product.
"""

from deploy.town.arrivals import Returnee, returnees
from deploy.town.build import DEFAULT_SEED, Manifest, ManifestFile, generate, town_households

__all__ = ["DEFAULT_SEED", "Manifest", "ManifestFile", "Returnee", "generate", "returnees", "town_households"]
