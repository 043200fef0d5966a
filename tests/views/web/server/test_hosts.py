"""A server answers to its own names, wherever it listens, and no name of a stranger leads a browser to it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from faussaire.core.errors import ConfigError
from faussaire.views.web.app import create_app
from faussaire.views.web.library import Library
from faussaire.views.web.server.hosts import HostNames
from faussaire.views.web.server.serve import listen

STRANGERS = [
    "evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost",
    "[2001:db8::1]", "203.0.113.7", "203.0.113.7:80", "2130706433", "0x7f.1", "a b", "[", "", "0.0.0.0", "[::]",
]  # fmt: skip


def client_on(run: Path, host: str, *names: str, public_only: bool = False, reached: str = "192.0.2.5") -> TestClient:
    """Return a client that reaches a server on `host` by the address `reached`."""
    app = create_app(Library(run), host=host, names=names, public_only=public_only)
    return TestClient(app, base_url=f"http://{reached}:8765", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def everywhere(squares_run: Path) -> TestClient:
    return client_on(squares_run, "0.0.0.0")


@pytest.mark.parametrize("host", STRANGERS)
def test_a_stranger_is_refused_on_every_address(everywhere: TestClient, host: str) -> None:
    answer = everywhere.get("/api/runs", headers={"Host": host})
    assert answer.status_code == 421
    assert "--name" in answer.json()["detail"]
    assert everywhere.post("/api/quiz", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 421


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8765", "localhost.", "127.0.0.1:8765", "[::1]", "192.0.2.5", "192.0.2.5:99",
     "[::ffff:192.0.2.5]", socket.gethostname(), f"{socket.gethostname().upper()}:8765",
     f"{socket.gethostname().split('.')[0]}.local"],
)  # fmt: skip
def test_the_names_and_addresses_of_the_machine_are_its_own(everywhere: TestClient, host: str) -> None:
    assert everywhere.get("/api/runs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["192.0.2.5", socket.gethostname() + ".lan"])
def test_on_the_loopback_address_other_names_of_the_machine_are_strangers(squares_run: Path, host: str) -> None:
    assert client_on(squares_run, "127.0.0.1").get("/api/runs", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("listens", ["127.0.0.1", "0.0.0.0", "::"])
def test_a_further_name_is_let_in_and_may_ask_for_changes(squares_run: Path, listens: str) -> None:
    client = client_on(squares_run, listens, "gan.example.org", "203.0.113.7")
    for host in ("gan.example.org", "GAN.example.org:443", "203.0.113.7:8080"):
        assert client.get("/api/runs", headers={"Host": host}).status_code == 200
        own = {"Host": host, "Origin": f"https://{host}", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/runs/squares/control", json={"command": "stop"}, headers=own).status_code == 409
    assert client.get("/api/runs", headers={"Host": "other.example.org"}).status_code == 421


@pytest.mark.parametrize("listens", ["127.0.0.1", "0.0.0.0"])
def test_what_is_public_is_there_under_any_name_as_behind_a_proxy(squares_run: Path, listens: str) -> None:
    client = client_on(squares_run, listens, public_only=True)
    for host in ("gan.example.org", "127.0.0.1:8765", "upstream"):
        page = client.get("/7", headers={"Host": host})
        assert page.status_code == 200
        assert host not in page.text  # its links are relative: they hold under every name


def test_a_network_without_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: object, **named: object) -> object:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    assert HostNames("0.0.0.0").hold(socket.gethostname(), "192.0.2.5")


@pytest.mark.parametrize(
    ("host", "port"),
    [("nowhere.invalid", 0), ("203.0.113.7", 0), ("", 0), ("a..b", 0), ("x" * 80, 0), ("é\udcff", 0), ("\0", 0),
     ("127.0.0.1", 65_536), ("127.0.0.1", -1), ("[::1", 0), ("2001:db8::1", 0)],
)  # fmt: skip
def test_an_address_that_cannot_be_had_is_refused_in_one_line(host: str, port: int) -> None:
    with pytest.raises(ConfigError, match=r"--(host|port)") as refused:
        listen(host, port)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1", "::"])
def test_an_address_of_either_kind_can_be_listened_on(host: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=r"choose another --port"):
            listen(host, port)
        with listen(host, port, or_any=True) as other:
            assert other.getsockname()[1] not in (0, port)
