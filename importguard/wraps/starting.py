"""The start of a program: asks first, then tells the child what it runs under and on whose behalf."""

import sys
from _thread import get_ident

from importguard import later, pinned
from importguard.childargs import CARRIERS, carries_the_guard, guard_child
from importguard.denials import Denied
from importguard.paths import as_text
from importguard.pinned import int, len, list, set, tuple, type
from importguard.programs import argv_text, first_executable, is_executable, program_path

# What makes a harmless program run code of the caller's choice, or go where the caller likes: a package that may start
# `ldconfig` while it is imported may not choose what `ldconfig` loads. It gets what the user had set. Whatever `recommended`
# refuses to be set at import is here: a test holds both together.
STEERING = (
    "ALL_PROXY", "ANTHROPIC_BASE_URL", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BASH_ENV",
    "BROWSER", "COMPILER_PATH", "CURL_CA_BUNDLE", "DOCKER_CONFIG", "DOCKER_HOST", "EDITOR", "ENV", "FTP_PROXY",
    "GCONV_PATH", "GLIBC_TUNABLES", "GNUTARGET", "GOFLAGS", "HGRCPATH", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "IFS", "INPUTRC",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "KUBECONFIG", "LDEMULATION", "LIBRARY_PATH", "LOCPATH", "LSB_OS_RELEASE",
    "LUA_INIT", "MAGIC", "MAKEFILES", "MAKEFLAGS", "MANPAGER", "NPM_CONFIG_REGISTRY", "OPENAI_API_BASE",
    "OPENAI_BASE_URL", "PAGER", "PATH", "PIP_CONFIG_FILE", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL",
    "POSIXLY_CORRECT", "PROMPT_COMMAND", "PYTHONBREAKPOINT", "PYTHONHOME", "PYTHONINSPECT", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX",
    "REQUESTS_CA_BUNDLE", "RSYNC_RSH", "RUSTC_WRAPPER", "SHELLOPTS", "SSH_ASKPASS", "SSLKEYLOGFILE", "SSL_CERT_DIR",
    "SSL_CERT_FILE", "SUDO_ASKPASS", "SVN_SSH", "TAR_OPTIONS", "UV_CONFIG_FILE", "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX", "UV_INDEX_URL", "VISUAL", "WGETRC", "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "XDG_DATA_HOME", "ZDOTDIR", "_JAVA_OPTIONS", "all_proxy", "ftp_proxy",
    "http_proxy", "https_proxy", "npm_config_registry",
)  # fmt: skip
STEERING_FAMILIES = (
    "AWS_ENDPOINT_URL", "BASH_FUNC_", "COLLECT_", "FONTCONFIG_", "GCC_", "GIT_", "LD_", "LESS", "NODE_", "OPENSSL_", "PERL", "RUBY",
)  # fmt: skip
DEFAULT_PATH = "/bin:/usr/bin"
SPAWN_WITHOUT_ENV = (3, 13)
OPENS = 0  # posix.POSIX_SPAWN_OPEN
OWN = globals()
FORK_EXEC_ARGV, FORK_EXEC_CANDIDATES, FORK_EXEC_FOLDER, FORK_EXEC_ENV, FORK_EXEC_PREEXEC = 0, 1, 4, 5, 21


class Spawner:
    """Asks for a start (`ask`) and for the files that go with it (`ask_to_open`), and says what the child is to be told (`spawn_fields`)
    and when the start is over (`spawned`). `inherited` is the environment that children inherit."""

    def __init__(self, ask, ask_to_open, spawn_fields, spawned, *, inherited, is_enforcing):
        self.ask = ask
        self.ask_to_open = ask_to_open
        self.is_enforcing = is_enforcing
        self.spawn_fields = spawn_fields
        self.spawned = spawned
        self.passing = set()
        self.inherited = inherited
        at_start = decoded(inherited.at_start)
        self.steering = {name: value for name, value in at_start.items() if steers(name)}

    def prepare(self, path, argv, env, frame, folder=None):
        """Ask for a start; return (path, argv, env) for the child. `env` is None for the program's own environment."""
        arrange, _ = self.allow(path, argv, frame, folder)
        return arrange(env)

    def allow(self, path, argv, frame, folder=None):
        """Ask for a start; return what turns the environment that was given for it into (path, argv, env) for the child,
        and whether it's bound to what was asked for.

        A path that names no folder lies in `folder`, or in the working directory. What comes back is what was asked
        for: an argument that answers differently when it is read once more is read here alone, and whoever isn't the
        application starts it by the absolute path, since the child's folder may be another one by then.
        """
        path, argv = once(path), [once(item) for item in argv]
        program = as_text(path)
        texts = [as_text(item) for item in argv]
        try:
            target, arguments = program_path(program if "/" in program else "./" + program, folder), argv_text(argv)
            origin = self.ask(target, arguments, frame)
        except Denied as denial:
            raise denial.with_traceback(None) from None
        is_steered = self.is_enforcing and origin is not None and origin.phase != "run"
        fields = self.spawn_fields(origin, target, arguments)
        is_bound = self.is_enforcing and origin is not None and fields["kind"] != "app"
        if is_bound and program and target != program:
            path = program = target
        # Only the path says what is started; argv[0] is a name that the caller chooses.
        named = [program, *texts[1:]]

        def arrange(env):
            env = decoded(self.inherited.now) if env is None else env
            guarded, env = guard_child(named, self.without_steering(env) if is_steered else env, fields)
            if guarded == named:
                return path, argv, env
            return guarded[0], [texts[0] if guarded[0] == program else guarded[0], *guarded[1:]], env

        return arrange, is_bound

    def and_tell(self, preexec_fn, arrange):
        """Return a `preexec_fn` for a child that keeps its own environment: what it is to know comes last of all."""

        def preexec():
            preexec_fn()
            before = decoded(self.inherited.now)
            _, _, env = arrange(before)
            write_environment(
                gone=[name for name in (*before, *CARRIERS) if name not in env],
                changed={name: value for name, value in env.items() if value != before.get(name)},
            )

        return preexec

    def without_steering(self, env):
        """Return an environment in which what steers programs stands as it did when this process was armed."""
        kept = {name: value for name, value in env.items() if not steers(name)}
        kept.update(self.steering)
        return kept

    def is_passing(self, frame):
        """Say whether the code in a frame is a start that was asked for already."""
        return get_ident() in self.passing and frame is not None and frame.f_globals is OWN

    def call(self, real, *args, **options):
        """Call the real function: the audit event that it raises was answered here."""
        thread = get_ident()
        self.passing.add(thread)
        try:
            return real(*args, **options)
        finally:
            self.passing.discard(thread)
            self.spawned()

    def start(self, real, named, prepared, **options):
        """Call the real function with what was prepared for it; an error names the program as its caller did, or not at all."""
        try:
            return self.call(real, *prepared, **options)
        except OSError as error:
            if error.filename == prepared[0]:
                error.filename = named
                if named is None:
                    del error.filename  # None would be shown
            raise

    # One for each function that is wrapped: `real` is the function as it was, `frame` that of whoever calls it.

    def execv(self, execve, path, argv, frame):
        return self.start(execve, None, self.prepare(path, tuple(argv), None, frame))

    def execve(self, real, path, argv, env, frame):
        if env is None:
            return real(path, argv, env)
        program = f"/proc/self/fd/{path}" if type(path) is int else path
        return self.start(real, path, self.prepare(program, tuple(argv), environment_of(env), frame))

    def posix_spawn(self, real, path, argv, env, options, frame):
        if env is None and sys.version_info < SPAWN_WITHOUT_ENV:
            return real(path, argv, env, **options)
        actions = options.get("file_actions")
        if actions is not None:
            # Whatever says that it is empty may hold some all the same.
            options["file_actions"] = [read_action(action, self, frame) for action in tuple(actions)]
        path = once(path)
        return self.start(real, path, self.prepare(path, tuple(argv), environment_of(env), frame), **options)

    def posix_spawnp(self, real, path, argv, env, options, frame):
        path = found_on_path(once(path), decoded(self.inherited.now).get("PATH"))
        return self.posix_spawn(real, path, argv, env, options, frame)

    def system(self, real, command, frame):
        command = once(command)
        _, _, env = self.prepare("/bin/sh", ("sh", "-c", command), None, frame)
        # system(3) gives the child this process's own environment: what it is to know has to stand there.
        write_environment(
            gone=[name for name in CARRIERS if name not in env],
            changed={name: value for name, value in env.items() if carries_the_guard(name)},
        )
        return self.call(real, command)

    def fork_exec(self, real, args, frame):
        if len(args) <= FORK_EXEC_ENV:
            return real(*args)  # it says what is missing
        args = list(args)
        env = args[FORK_EXEC_ENV]
        given = None if env is None else _environment_of_lines(env)
        folder = args[FORK_EXEC_FOLDER] = None if args[FORK_EXEC_FOLDER] is None else once(args[FORK_EXEC_FOLDER])
        candidates = [once(item) for item in args[FORK_EXEC_CANDIDATES]]
        # The child tries one after the other; what comes after the one that is asked for is never tried.
        del candidates[first_executable(candidates, folder) + 1 :]
        program = candidates[-1] if candidates else ""
        arrange, is_bound = self.allow(program, args[FORK_EXEC_ARGV], frame, folder)
        path, argv, env = arrange(given)
        args[FORK_EXEC_ARGV] = [item if type(item) is bytes else encode(item) for item in argv]
        # The child may find others on its way to the one that was asked for, which `preexec_fn` has put there.
        is_kept = path is program and not (is_bound and candidates)
        args[FORK_EXEC_CANDIDATES] = candidates if is_kept else [path]
        args[FORK_EXEC_CANDIDATES] = tuple(
            [item if type(item) is bytes else encode(item) for item in args[FORK_EXEC_CANDIDATES]]
        )
        if given is None and args[FORK_EXEC_PREEXEC] is not None:
            # It runs in the child, which may put variables into an environment that is the child's own, not a list.
            args[FORK_EXEC_PREEXEC] = self.and_tell(args[FORK_EXEC_PREEXEC], arrange)
        else:
            args[FORK_EXEC_ENV] = [encode(name) + b"=" + encode(value) for name, value in env.items()]
        return real(*args)


def steers(name):
    """Say whether a variable has a harmless program run, load or show what its caller likes."""
    return name in STEERING or name.startswith(STEERING_FAMILIES)


def write_environment(gone, changed):
    """Change the environment in C for a child: on the guard's own behalf, whoever starts it."""
    thread = get_ident()
    was_busy = thread in later.busy
    later.busy.add(thread)
    try:
        for name in gone:
            pinned.unsetenv(name)
        for name in changed:
            pinned.putenv(name, changed[name])
    finally:
        if not was_busy:
            later.busy.discard(thread)


def decoded(variables):
    """Return an environment of bytes as one of str."""
    return {as_text(name): as_text(value) for name, value in variables.items()}


def environment_of(mapping):
    """Return an environment argument as a mapping of str to str, read once; None stays None."""
    if mapping is None:
        return None
    return {as_text(name): as_text(value) for name, value in list(mapping.items())}


def once(item):
    """Return a path argument as str or bytes; raises TypeError as the functions of `posix` do."""
    if type(item) is str or type(item) is bytes:
        return item
    text = as_text(item)
    if text is None:
        raise TypeError(f"expected str, bytes or os.PathLike object, not {type(item).__name__}")
    return text


def found_on_path(name, path):
    """Return the path of the program that execvp(3) would start; a name with a folder stays as it is."""
    if "/" in as_text(name):
        return name
    folders = (path or DEFAULT_PATH).split(":")
    candidates = [(folder or ".") + "/" + as_text(name) for folder in folders]
    at = first_executable(candidates)
    return candidates[at] if is_executable(candidates[at]) else name


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def read_action(action, spawner, frame):
    """Return one of posix_spawn's file actions; ask first for a file that it opens, which raises no event."""
    kind, *rest = tuple(action)
    action = (int(kind), *rest)  # read once: a number of another type may be equal to none
    if len(action) != 5 or action[0] != OPENS:
        return action
    action = (OPENS, action[1], once(action[2]), int(action[3]), action[4])
    spawner.ask_to_open(action[2], action[3], frame)
    return action


def _environment_of_lines(lines):
    env = {}
    for line in lines:
        name, _, value = as_text(line).partition("=")
        env[name] = value
    return env
