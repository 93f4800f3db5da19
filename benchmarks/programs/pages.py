"""Makes pages of templates in files, each page of a base, a page and a part; again and again anew, as while one works on them."""

import tempfile
from pathlib import Path

import jinja2

TEMPLATES, ROUNDS, ITEMS = 40, 24, 100

BASE = "<html><title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}</html>"
PART = "<li>{{ item.name|upper }}: {{ item.price * 2 }}</li>"
PAGE = """{% extends "base.html" %}{% block title %}Page {{ number }}{% endblock %}
{% block body %}<ul>{% for item in items %}{% include "part.html" %}{% endfor %}</ul>{% endblock %}"""

items = [{"name": f"item {number}", "price": number} for number in range(ITEMS)]
with tempfile.TemporaryDirectory() as folder:
    for name, text in {"base.html": BASE, "part.html": PART, **{f"{n}.html": PAGE for n in range(TEMPLATES)}}.items():
        Path(folder, name).write_text(text)
    for _ in range(ROUNDS):
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
        for number in range(TEMPLATES):
            environment.get_template(f"{number}.html").render(number=number, items=items)
