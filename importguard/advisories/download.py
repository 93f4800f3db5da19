"""Brings a file from an http(s) or file URL to this machine, bounded in size and time."""

import base64
import contextlib
import http.client
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from importguard import errors

TIMEOUT = 30
CHUNK = 1 << 20
SCHEMES = ("http", "https", "file")
OTHER_SCHEMES = ("ftp", "ftps", "s3", "gs", "git", "ssh")  # said to be URLs, so that the message fits


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but none that gives up encryption."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.type == "https" and not newurl.startswith("https:"):
            raise ValueError(f"redirected away from https to {without_secrets(newurl)!r}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    SafeRedirects,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.UnknownHandler,
)


def is_url(source):
    """Tell whether a source is meant as a URL rather than as a path."""
    scheme, mark, _ = source.partition("://")
    return bool(mark) and scheme.lower() in (*SCHEMES, *OTHER_SCHEMES)


def without_secrets(url):
    """Return a URL without user, password, query and fragment, fit for being shown and stored."""
    parts = _split(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextlib.contextmanager
def fetched(url, largest):
    """Give the path of a file with what a URL holds, for the time of the block; raises AdvisoryError."""
    parts = _split(url)
    if parts.scheme not in SCHEMES:
        raise errors.AdvisoryError(f"{without_secrets(url)!r}: only http, https and file URLs are read")
    if parts.scheme == "file":
        yield _local_path(url, parts)
        return
    with tempfile.TemporaryDirectory(prefix="importguard-") as folder:
        path = os.path.join(folder, "download")
        try:
            _download(url, path, largest)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise errors.AdvisoryError(f"{without_secrets(url)!r}: {_reason(error)}") from error
        yield path


def _split(url):
    try:
        return urllib.parse.urlsplit(url)
    except ValueError as error:
        raise errors.AdvisoryError(f"not a URL: {error}") from error


def _local_path(url, parts):
    if parts.netloc not in ("", "localhost"):
        raise errors.AdvisoryError(f"{url!r}: a file URL of another host")
    return urllib.request.url2pathname(parts.path)


def _download(url, path, largest):
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    request = _request(url)
    with opener.open(request, timeout=TIMEOUT) as response, open(path, "wb") as file:
        size = 0
        while chunk := response.read(CHUNK):
            size += len(chunk)
            if size > largest:
                raise ValueError(f"larger than {largest} bytes")
            file.write(chunk)
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) != size:
        raise ValueError(f"truncated: {size} of {announced} bytes arrived")


def _request(url):
    """Return the request for a URL, whose user and password go to its own host alone."""
    parts = _split(url)
    user, mark, host = parts.netloc.rpartition("@")
    bare = urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    request = urllib.request.Request(bare, headers={"User-Agent": "importguard"})
    if mark:
        token = base64.b64encode(urllib.parse.unquote_to_bytes(user)).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _reason(error):
    if isinstance(error, urllib.error.HTTPError):
        return str(error)  # with the status, which its reason lacks
    return str(getattr(error, "reason", None) or error)
