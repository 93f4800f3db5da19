"""Serves pages of a Django application to its own test client: sessions, a database file, templates."""

import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

REQUESTS = 600
FOLDER = tempfile.TemporaryDirectory()
Path(FOLDER.name, "page.html").write_text("<p>{{ request.path }}: {{ visits }} visits of {{ user }}</p>")

settings.configure(
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(FOLDER.name, "site.db"))}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="none",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [FOLDER.name]}],
)
django.setup()


def page(request):
    """Count the visits in the session, and show them."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return render(request, "page.html", {"visits": request.session["visits"], "user": request.user, "request": request})


def plain(request):
    """Answer without anything."""
    return HttpResponse("ok")


urlpatterns = [path("page", page), path("plain", plain)]
sys.modules.setdefault("site_of_pages", sys.modules[__name__])

from django.core.management import call_command  # noqa: E402 - settings come first
from django.test import Client  # noqa: E402 - settings come first

call_command("migrate", verbosity=0)
client = Client()
for _ in range(REQUESTS):
    assert client.get("/page").status_code == client.get("/plain").status_code == 200
FOLDER.cleanup()
