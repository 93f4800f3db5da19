"""Work that is handed to a thread is done for whoever handed it over: by a deputy as well."""

import pytest
from asking import DEPUTIES
from support import guarded

pytestmark = pytest.mark.registry
(BOTO3,) = [deputy for deputy in DEPUTIES if deputy.name == "boto3"]
LIBRARY = "import boto3\nsession = boto3.Session()\nANSWERS = []\n"
WAYS = {
    "executor": (
        "import concurrent.futures\n"
        "with concurrent.futures.ThreadPoolExecutor(1) as pool:\n"
        "    ANSWERS.append(pool.submit(session.get_credentials).result())\n"
    ),
    "thread-pool": (
        "import multiprocessing.pool\n"
        "with multiprocessing.pool.ThreadPool(1) as pool:\n"
        "    ANSWERS.append(pool.apply(session.get_credentials))\n"
    ),
    "asyncio": "import asyncio\nANSWERS.append(asyncio.run(asyncio.to_thread(session.get_credentials)))\n",
    "thread": (
        "import threading\n"
        "worker = threading.Thread(target=session.get_credentials)\n"
        "worker.start()\nworker.join()\nANSWERS.append(session.get_credentials())\n"
    ),
}
SAY = "print([answer and answer.secret_key for answer in ANSWERS])\n"
each_way = pytest.mark.parametrize("way", WAYS)


def run(world, app):
    (world.project / "app.py").write_text(app)
    variables = {"AWS_EC2_METADATA_DISABLED": "true"}
    return guarded.run(world, [world.environment.python, "app.py"], seconds=60, variables=variables)


def package_that(world, way):
    """Add to the installed package a module whose function asks in this way; return its name."""
    name = f"{BOTO3.module}.by_{way.replace('-', '_')}"
    body = "".join(f"    {line}\n" for line in (LIBRARY + WAYS[way] + SAY).splitlines())
    path = world.environment.site_packages / (name.replace(".", "/") + ".py")
    path.write_text("def ask():\n" + body)
    return name


@each_way
def test_a_deputy_in_a_thread_of_the_application_gets_what_it_is_asked_for(way, world):
    """The library is called by nobody in its thread, and still acts for the application that handed it over."""
    outcome = run(world, LIBRARY + WAYS[way] + SAY)

    assert world.canaries["aws"] in outcome.stdout, outcome.story()
    assert not outcome.decisions(), outcome.story()


@each_way
def test_a_deputy_in_a_thread_of_a_package_is_refused(way, world):
    """A package doesn't get rid of its blame by having the library called in a thread."""
    name = package_that(world, way)

    outcome = run(world, f"import {name}\n{name}.ask()\n")

    assert world.canaries["aws"] not in outcome.stdout, outcome.story()
    assert outcome.decisions(owner="acme-boto3", phase="run", verdict="deny", target="*/.aws/*"), outcome.story()


def test_a_package_that_shares_the_pool_of_the_application_is_refused(world):
    """Each item of work in a pool is done for whoever submitted it, whichever came first."""
    path = world.environment.site_packages / BOTO3.module / "shares.py"
    path.write_text("def ask(pool, session):\n    return pool.submit(session.get_credentials).result()\n")
    pool = "import concurrent.futures\npool = concurrent.futures.ThreadPoolExecutor(1)\n"
    shared = f"import {BOTO3.module}.shares as shares\nANSWERS.append(shares.ask(pool, session))\n"
    own = "ANSWERS.append(pool.submit(boto3.Session().get_credentials).result())\n"

    for order in (shared + own, own + shared):
        outcome = run(world, LIBRARY + pool + order + SAY)

        assert outcome.stdout.count(world.canaries["aws"]) == 1, outcome.story()
        assert outcome.decisions(owner="acme-boto3", phase="run", verdict="deny"), outcome.story()
        assert not outcome.decisions(owner="boto*"), outcome.story()
