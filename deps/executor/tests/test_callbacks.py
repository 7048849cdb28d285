"""Callbacks: signed, delivered at least once to a real receiver, and to nobody who is not allowed."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import time

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from deps.executor.tests.toys import ADA, BOB, FOREVER_S, HANG_S, Echo, Script, request
from executor.adapters.webhooks.addresses import AllowedAddresses
from executor.adapters.webhooks.sender import HttpCallbackSender
from executor.common.requests import CallbackTarget, ExecutionOptions
from executor.core.signing import sign, tenant_secret
from executor.errors import CallbackRefused, ConfigurationError


class Receiver:
    """A server that answers with the statuses it was given, then 200."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.got = []
        self.stopped = asyncio.Event()
        outer = self

        class Hook(RequestHandler):
            async def post(self):
                outer.got.append((dict(self.request.headers), self.request.body))
                answer = outer.answers.pop(0) if outer.answers else 200
                if answer == "hang":
                    await outer.stopped.wait()
                elif answer == "redirect":
                    self.redirect("/other")
                else:
                    self.set_status(answer)

        self.sockets, self.port = bind_unused_port()
        self.server = HTTPServer(Application([(r"/hook", Hook), (r"/other", Hook)]))
        self.server.add_sockets([self.sockets])
        self.url = f"http://127.0.0.1:{self.port}/hook"

    async def stop(self):
        self.stopped.set()
        self.server.stop()
        await self.server.close_all_connections()

    async def wait(self, count):
        async with asyncio.timeout(HANG_S):
            while len(self.got) < count:
                await asyncio.sleep(0.02)


@pytest.fixture
async def receiver_of():
    made = []

    def make(*answers):
        made.append(Receiver(*answers))
        return made[-1]

    yield make
    for one in made:
        await one.stop()


def settings_for(receiver, **more):
    return {
        "callback_secret": "root secret of these tests",
        "callback_allow": (f"127.0.0.1:{receiver.port}",),
        "callback_private": ("127.0.0.0/8",),
        "callback_retry_s": 0.05,
        "callback_timeout_s": 3,
        "event_poll_s": 0.05,
        **more,
    }


def calling(receiver, url=None):
    return ExecutionOptions(callback=CallbackTarget(url or receiver.url))


async def test_the_end_of_an_execution_is_told_signed(database_url, engine_of, receiver_of):
    receiver = receiver_of()
    async with engine_of(database_url, {"script": Script()}, **settings_for(receiver)) as engine:
        trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        asked = request("script", verdict="error", options=calling(receiver), context={"traceparent": trace})
        one = (await engine.submit(ADA, asked)).execution_id
        await receiver.wait(1)
        headers, body = receiver.got[0]
        assert json.loads(body)["type"] == "execution.failed"
        assert json.loads(body)["data"]["execution_id"] == one
        assert headers["Traceparent"].startswith("00-" + "a" * 32)
        key = base64.b64decode(engine.callback_secret("acme").removeprefix("whsec_"))
        signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["Webhook-Signature"] == f"v1,{expected}"
        assert abs(int(headers["Webhook-Timestamp"]) - time.time()) < HANG_S
        assert engine.callback_secret("bobs") != engine.callback_secret("acme")
        callbacks = await until_state(engine, one, "delivered")
        assert [(d.attempt, d.status_code, d.error) for d in callbacks[0].deliveries] == [(1, 200, None)]


async def until_state(engine, execution_id, state):
    async with asyncio.timeout(HANG_S):
        while True:
            callbacks = await engine.callbacks_of(execution_id, "acme")
            if callbacks[0].state == state:
                return callbacks
            await asyncio.sleep(0.02)


async def test_a_receiver_that_fails_is_asked_again_with_the_same_id(database_url, engine_of, receiver_of):
    receiver = receiver_of(500, "hang", "redirect")
    async with engine_of(database_url, {"echo": Echo()}, **settings_for(receiver)) as engine:
        one = (await engine.submit(ADA, request(options=calling(receiver)))).execution_id
        callbacks = await until_state(engine, one, "delivered")
        assert [d.status_code for d in callbacks[0].deliveries] == [500, None, 302, 200]
        assert callbacks[0].deliveries[1].error == "No answer within 3 s."
        assert len({headers["Webhook-Id"] for headers, _ in receiver.got}) == 1
        assert len(receiver.got) == 4


async def test_receivers_that_do_not_answer_hold_up_nobody_elses_callbacks(
    database_url, engine_of, receiver_of
):
    silent, other = receiver_of(*["hang"] * 60), receiver_of()
    settings = settings_for(silent, callback_timeout_s=FOREVER_S, max_workers=4)
    settings["callback_allow"] = (f"127.0.0.1:{silent.port}", f"127.0.0.1:{other.port}")
    async with engine_of(database_url, {"echo": Echo()}, **settings) as engine:
        await engine.submit_batch(ADA, [request(options=calling(silent)) for _ in range(60)])
        await silent.wait(10)
        bobs = request(caller=BOB, options=calling(other))
        await engine.submit(BOB, bobs)
        await other.wait(1)
        assert len(silent.got) < 60  # one tenant's go on beside each other, and not all at once


async def test_giving_up_and_being_sent_away(sqlite_url, engine_of, receiver_of):
    receiver = receiver_of(500, 500, 410)
    settings = settings_for(receiver, callback_max_attempts=2)
    async with engine_of(sqlite_url, {"echo": Echo()}, **settings) as engine:
        one = (await engine.submit(ADA, request(options=calling(receiver)))).execution_id
        assert len((await until_state(engine, one, "failed"))[0].deliveries) == 2
        one = (await engine.submit(ADA, request(options=calling(receiver)))).execution_id
        assert [d.status_code for d in (await until_state(engine, one, "failed"))[0].deliveries] == [410]


async def test_what_was_due_when_the_process_died_is_delivered_by_the_next(
    sqlite_url, engine_of, receiver_of
):
    receiver = receiver_of()
    slow = settings_for(receiver, event_poll_s=10 * HANG_S)
    async with engine_of(sqlite_url, {"echo": Echo()}, **slow) as engine:
        one = (await engine.submit(ADA, request(options=calling(receiver)))).execution_id
        await engine.wait(one, "acme", HANG_S)
    before = len(receiver.got)
    async with engine_of(sqlite_url, {"echo": Echo()}, **settings_for(receiver)) as engine:
        await until_state(engine, one, "delivered")
    assert (before, len(receiver.got)) == (0, 1)


async def test_addresses_that_are_not_allowed_are_refused_at_once(sqlite_url, engine_of, receiver_of):
    receiver = receiver_of()
    async with engine_of(sqlite_url, {"echo": Echo()}, **settings_for(receiver)) as engine:
        with pytest.raises(CallbackRefused):
            await engine.submit(ADA, request(options=calling(receiver, "http://example.com/")))
    async with engine_of(sqlite_url, {"echo": Echo()}) as engine:
        with pytest.raises(CallbackRefused, match="switched off"):
            await engine.submit(ADA, request(options=calling(receiver)))
        with pytest.raises(CallbackRefused):
            engine.callback_secret("acme")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example.com/x", True),
        ("https://HOOKS.example.com./x", True),
        ("https://a.wild.example.org/", True),
        ("https://wild.example.org/", False),
        ("https://evilwild.example.org/", False),
        ("https://hooks.example.com:8443/", False),
        ("https://ported.example.com:8443/", True),
        ("https://ported.example.com/", False),
        ("https://hooks.example.com.evil.org/", False),
        ("https://hooks.example.com@evil.org/", False),
        ("https://user:pw@hooks.example.com/", False),
        ("ftp://hooks.example.com/", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
        ("https://hooks.example.com\\@evil.org/", False),
        ("https://hooks.example.com/\r\nX: y", False),
        ("https://hooks.example.com:99999/", False),
        ("not a url", False),
    ],
)
def test_the_allowlist_of_hosts(url, allowed):
    policy = AllowedAddresses(["hooks.example.com", "*.wild.example.org", "ported.example.com:8443"])
    assert (policy.refusal(url) is None) is allowed


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
    ],
)
def test_private_networks_are_out_of_reach_whatever_they_are_wrapped_in(address, reachable):
    policy = AllowedAddresses(["*"])
    assert policy.reachable(ipaddress.ip_address(address)) is reachable
    literal = f"[{address}]" if ":" in address else address
    assert (policy.refusal(f"http://{literal}/") is None) is reachable


def test_a_network_that_is_none_is_a_fault_of_the_settings():
    with pytest.raises(ConfigurationError):
        AllowedAddresses(["*"], ["10.0.0.1/8"])


async def test_a_public_name_that_leads_inside_is_not_followed(receiver_of):
    receiver = receiver_of()
    sender = HttpCallbackSender(allowed=AllowedAddresses([f"localhost:{receiver.port}"]), timeout_s=HANG_S)
    reception = await sender.send(f"http://localhost:{receiver.port}/hook", {}, b"{}")
    assert reception.error == "localhost has no address that callbacks may reach."
    assert receiver.got == []
    inside = AllowedAddresses([f"localhost:{receiver.port}"], ["127.0.0.0/8", "::1/128"])
    if {entry[4][0] for entry in socket.getaddrinfo("localhost", None)} == {"127.0.0.1"}:
        reception = await HttpCallbackSender(allowed=inside, timeout_s=HANG_S).send(
            f"http://localhost:{receiver.port}/hook", {}, b"{}"
        )
        assert reception.status_code == 200
        assert receiver.got[0][0]["Host"] == f"localhost:{receiver.port}"


async def test_nobody_there_is_an_answer(unused_tcp_port):
    allowed = AllowedAddresses([f"127.0.0.1:{unused_tcp_port}"], ["127.0.0.0/8"])
    reception = await HttpCallbackSender(allowed=allowed, timeout_s=HANG_S).send(
        f"http://127.0.0.1:{unused_tcp_port}/", {}, b"{}"
    )
    assert reception.status_code is None
    assert reception.error.startswith("ConnectError")


def test_the_signature_is_the_one_of_the_specification():
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert tenant_secret("root", "a").startswith("whsec_")
