#!/usr/bin/env python3
"""Exit 0 when the Kafka broker at HOST:PORT answers and lists itself in its metadata.

Usage: kafka_ready.py HOST:PORT

Speaks ApiVersions version 0 and Metadata version 1 to 8, so it needs no client library.
A listening port alone would not do: a KRaft broker listens before it may serve.
"""
import socket
import struct
import sys

METADATA, API_VERSIONS = 3, 18


def read(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise OSError("connection closed")
        data += part
    return data


def ask(sock, api, version, body=b""):
    request = struct.pack(">hhih", api, version, 1, 5) + b"ready" + body
    sock.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", read(sock, 4))
    return read(sock, size)[4:]  # without the correlation id


def oldest_metadata(sock):
    answer = ask(sock, API_VERSIONS, 0)
    error, count = struct.unpack(">hi", answer[:6])
    if error:
        raise OSError("ApiVersions answered error %d" % error)
    for i in range(count):
        api, oldest, _ = struct.unpack(">hhh", answer[6 + 6 * i : 12 + 6 * i])
        if api == METADATA:
            return max(oldest, 1)
    raise OSError("the broker does not serve Metadata")


def brokers(host, port):
    with socket.create_connection((host, port), timeout=2) as sock:
        version = oldest_metadata(sock)
        body = struct.pack(">i", 0)  # no topics
        if version >= 4:
            body += b"\0"  # create none
        if version >= 8:
            body += b"\0\0"  # no authorised operations
        answer = ask(sock, METADATA, version, body)
        start = 4 if version >= 3 else 0  # after the throttle time
        return struct.unpack(">i", answer[start : start + 4])[0]


host, port = sys.argv[1].rsplit(":", 1)
try:
    sys.exit(0 if brokers(host, int(port)) > 0 else "no broker is registered yet")
except (OSError, struct.error) as error:
    sys.exit(str(error))
