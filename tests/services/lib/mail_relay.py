#!/usr/bin/python3
"""A mail relay that keeps what it takes, one JSON line each, in DIR/taken.jsonl.

Usage: mail_relay.py DIR PLAIN_PORT SUBMISSION_PORT TLS_PORT, with MAIL_USER and
MAIL_PASSWORD in the environment. Needs Debian's python3-aiosmtpd, and therefore
Debian's own interpreter. What a line says of a mail is what Python's own parser reads
in it.

For some recipients it misbehaves; what stands before the first `-` of the address says
how, so that every test has addresses of its own: reject-1@…, busy-2@….
"""
import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

FOLDER = sys.argv[1]
PLAIN, SUBMISSION, TLS = (int(port) for port in sys.argv[2:5])
LOGIN = (os.environ["MAIL_USER"].encode(), os.environ["MAIL_PASSWORD"].encode())
MOST = 1024 * 1024
WHEN_NAMED = {
    "reject": "550 5.1.1 no such user here",
    "relay": "550 5.7.1 relaying denied",
    "later": "451 4.7.1 greylisted, come back",
    "full": "452 4.2.2 mailbox full",
}
WHEN_SENT = {"spam": "554 5.7.1 this is not wanted", "busy": "451 4.3.0 try again"}


def manner(address):
    return address.split("@")[0].split("-")[0].lower()


class Keeper:
    """What happens to the mails that come through one door."""

    def __init__(self, door):
        self.door = door

    async def handle_RCPT(self, server, session, envelope, address, options):
        if manner(address) in WHEN_NAMED:
            return WHEN_NAMED[manner(address)]
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 this address needs SMTPUTF8"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 go on"

    async def handle_DATA(self, server, session, envelope):
        manners = {manner(address) for address in envelope.rcpt_tos}
        for told in manners & WHEN_SENT.keys():
            return WHEN_SENT[told]
        self.keep(server, session, envelope)
        if "cut" in manners:
            server.transport.abort()
        return "250 2.0.0 kept"

    def keep(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: mail.get_body((kind,)).get_content() if mail.get_body((kind,)) else None
        user = session.auth_data
        line = {
            "door": self.door,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": user.decode() if isinstance(user, bytes) else None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in mail.items()},
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "plain": part("plain"),
            "html": part("html"),
            "longest_line": max(len(line) for line in envelope.content.split(b"\r\n")),
        }
        with open(os.path.join(FOLDER, "taken.jsonl"), "a", encoding="utf-8") as taken:
            taken.write(json.dumps(line) + "\n")


def sign_in(server, session, envelope, mechanism, shown):
    right = (shown.login, shown.password) == LOGIN
    return AuthResult(success=right, handled=False, auth_data=shown.login if right else None)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.path.join(FOLDER, "tls/cert.pem"), os.path.join(FOLDER, "tls/key.pem"))
    loop = asyncio.get_running_loop()
    every = {"hostname": "mail.corp.test", "data_size_limit": MOST, "enable_SMTPUTF8": True, "loop": loop}
    signed = {"auth_required": True, "authenticator": sign_in}

    def plain():
        return SMTP(Keeper("plain"), **every)

    def submission():
        return SMTP(Keeper("submission"), tls_context=context, require_starttls=True, **signed, **every)

    def tls():
        return SMTP(Keeper("tls"), auth_require_tls=False, **signed, **every)

    await loop.create_server(plain, "127.0.0.1", PLAIN)
    await loop.create_server(submission, "127.0.0.1", SUBMISSION)
    await loop.create_server(tls, "127.0.0.1", TLS, ssl=context)
    with open(os.path.join(FOLDER, "serving"), "w", encoding="utf-8") as serving:
        serving.write("yes\n")
    await asyncio.Event().wait()


asyncio.run(main())
