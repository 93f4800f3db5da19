import threading

import flask
import requests
from werkzeug.serving import make_server

app = flask.Flask(__name__)


@app.get("/<name>")
def greet(name):
    return flask.render_template_string("Hello {{ name }}", name=name)


server = make_server("127.0.0.1", 0, app)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(requests.get(f"http://127.0.0.1:{server.port}/you").text)
server.shutdown()
