"""The commands that plugins add, by the policy that a launch here would be under."""

import os
import pathlib

from importguard.policy import resolve


def find(name):
    """Return the module of a command that a plugin adds, or None; raises PolicyError or PluginError."""
    plugins = resolve.resolve({}, os.environ, pathlib.Path.cwd()).plugins
    if not plugins:
        return None
    from importguard.plugins import host

    return host.Host(plugins).commands().get(name)
