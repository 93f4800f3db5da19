"""The application in the image: the same answers for gunicorn, uvicorn and Celery; it uses a dependency where there is one."""

import importlib.util
import json
import os
import time

import celery
import flask
from celery import signals

app = flask.Flask(__name__)
tasks = celery.Celery("app", broker="memory://")
tasks.conf.broker_connection_retry_on_startup = True
tasks.conf.worker_proc_alive_timeout = 60  # a busy machine takes longer than the usual four seconds to fork


def complete():
    """Return what the dependency answers; a dependency that can't be used is lived without."""
    if importlib.util.find_spec("acmellm") is None:
        return "alone"
    import acmellm

    return acmellm.complete("hello")


def who():
    """Return who answers, and what."""
    return {"pid": os.getpid(), "says": complete(), "uid": os.getuid()}


@app.get("/ready")
def ready():
    return flask.jsonify(who())


@app.get("/slow")
def slow():
    time.sleep(3)
    return flask.jsonify(who())


async def asgi(scope, receive, send):
    """The same for a server of the other kind."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(who()).encode()})


@tasks.task(name="answer")
def answer():
    print(f"the task says {json.dumps(who())}", flush=True)


@signals.worker_ready.connect
def send(**_):
    """Give the worker something to do: its queue is in its own memory."""
    answer.delay()
