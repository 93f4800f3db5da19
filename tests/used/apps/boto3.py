import http.server
import threading

import boto3
from botocore.config import Config


class Bucket(http.server.BaseHTTPRequestHandler):
    kept = {}

    def do_PUT(self):
        if self.headers["Expect"]:
            self.send_response_only(100)
            self.end_headers()
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"")

    def do_GET(self):
        self.answer(self.kept[self.path])

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
threading.Thread(target=server.serve_forever, daemon=True).start()
settings = Config(
    s3={"addressing_style": "path"},
    retries={"max_attempts": 0},
    read_timeout=20,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
client = boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{server.server_port}", region_name="eu-west-1", config=settings
)
client.put_object(Bucket="bucket", Key="key", Body=b"text")
print(client.get_object(Bucket="bucket", Key="key")["Body"].read())
server.shutdown()
