import urllib.request

import prometheus_client

prometheus_client.Counter("seen", "what was seen").inc()
server, thread = prometheus_client.start_http_server(0, "127.0.0.1")
print(b"seen_total 1.0" in urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics").read())
server.shutdown()
