"""Rows 22 and 23 for places that no test can build: what the recommended preset says about them, asked of `explain`."""

import pytest
from support import guarded

ENDPOINTS = (
    "169.254.169.254:80",
    "169.254.170.2:80",
    "169.254.170.23:80",
    "[fd00:ec2::254]:80",
    "[fd00:ec2::23]:80",
    "100.100.100.200:80",
    "168.63.129.16:80",
    "metadata.google.internal:80",
)
TOKENS = (
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "/run/secrets/kubernetes.io/serviceaccount/token",
    "/proc/1/environ",
)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_package_may_not_ask_a_metadata_endpoint_at_run_time(endpoint, tmp_path):
    """`explain` exits 1 and names the preset's rule."""
    done = explain("net.connect", endpoint, tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "preset:recommended#run.deny" in done.stdout


@pytest.mark.parametrize("endpoint", ENDPOINTS[:7])
def test_a_grant_of_private_networks_is_none_of_metadata_endpoints(endpoint, tmp_path):
    """An address that lies in a private block, and is a metadata endpoint, takes a grant of its own."""
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\n[package.acme-cloud]\nrun.allow = ["net.connect:$private"]\n')

    done = explain("net.connect", endpoint, tmp_path, "--policy", policy)

    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("path", TOKENS)
def test_a_package_may_not_read_the_credentials_of_a_cluster_or_a_process(path, tmp_path):
    """`explain` exits 1 for each path, although it doesn't exist here."""
    done = explain("fs.read", path, tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr


def explain(capability, target, folder, *options):
    """Ask why an installed package may or may not do something while the application runs."""
    command = ("explain", capability, target, "--package", "acme-cloud", "--phase", "run", *options)
    return guarded.importguard(*command, variables={"HOME": str(folder)})
