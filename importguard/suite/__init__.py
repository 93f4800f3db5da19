"""The guard of a test suite: arming before any plugin of pytest, and which test each denial belongs to."""
