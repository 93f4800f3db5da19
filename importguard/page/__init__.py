"""One self-contained page about records: who did what, when, in which phase, and what would settle each denial."""
