"""The settings of a service, as its process reads them."""

import importlib

from shared.settings import ServiceSettings


def settings_class(service: str) -> type[ServiceSettings]:
    """The class that `services.<service>.__main__` hands to the runtime."""
    module = importlib.import_module(f"services.{service}.settings")
    return next(
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, ServiceSettings) and kind.__module__ == module.__name__
    )
