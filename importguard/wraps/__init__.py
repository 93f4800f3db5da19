"""Doors for what raises no audit event: starting programs, and work that is arranged now and done later."""
