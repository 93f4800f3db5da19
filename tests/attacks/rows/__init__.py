"""The rows of the catalogue of re-enactments, one module a row; each holds SCENARIOS."""

import importlib
import pkgutil

SCENARIOS = tuple(
    scenario
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
    for scenario in importlib.import_module(f"{__name__}.{module.name}").SCENARIOS
)
