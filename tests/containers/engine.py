"""podman with runc, and with everything that it keeps below one folder: images, containers, locks."""

import hashlib
import shutil
import subprocess

SECONDS = 300
# runc: crun refuses hybrid control groups. The limits: the default ones need a right that a build machine may not have.
GLOBAL = ("--events-backend", "none", "--cgroup-manager", "cgroupfs", "--runtime", "runc")
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")


def missing():
    """Return what this machine lacks for running containers, or ""."""
    for name in ("podman", "runc", "nsenter", "unshare"):
        if shutil.which(name) is None:
            return f"needs {name}, which `apt-get install podman runc` brings"
    return ""


class Podman:
    """Calls podman on the store in `folder`."""

    def __init__(self, folder):
        # podman takes at most 50 characters for this one.
        run = f"/tmp/containers-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        places = {"--root": folder / "root", "--runroot": f"{run}/run", "--tmpdir": f"{run}/tmp"}
        self._command = ["podman", *(str(word) for pair in places.items() for word in pair), *GLOBAL]

    def call(self, *arguments, check=True, **options):
        """Run one command of podman to its end and return the CompletedProcess."""
        done = subprocess.run(
            [*self._command, *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS, **options
        )
        assert done.returncode == 0 or not check, f"podman {arguments[0]}: {done.stdout}{done.stderr}"
        return done

    def has(self, image):
        """Say whether an image is in the store."""
        return self.call("image", "exists", image, check=False).returncode == 0

    def import_folder(self, folder, name, *changes):
        """Make an image of everything in a folder; `changes` are lines of a Dockerfile."""
        packing = subprocess.Popen(["tar", "--numeric-owner", "--owner=0", "--group=0", "-C", folder, "-c", "."], stdout=subprocess.PIPE)
        self.call("import", "--quiet", *(word for change in changes for word in ("--change", change)), "-", name, stdin=packing.stdout)
        assert packing.wait() == 0

    def build(self, dockerfile, context, name, *options):
        """Build an image of a Dockerfile (text) without any network."""
        (context / "Dockerfile").write_text(dockerfile)
        self.call("build", "--quiet", "--pull=never", "--network", "none", "--format", "docker", *LIMITS, *options, "--tag", name, context)

    def start(self, image, *words, options=()):
        """Start a container in the background and return its id."""
        return self.call("run", "--detach", "--log-driver", "k8s-file", *LIMITS, *options, image, *words).stdout.strip()
