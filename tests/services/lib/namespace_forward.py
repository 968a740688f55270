#!/usr/bin/python3
"""Forward TCP from loopback here into the network namespace of another process.

Usage: namespace_forward.py PID READY_FILE LISTEN:TARGET...

The listening sockets are opened in our own namespace, and only then does this process
enter the other one: so each outgoing connection is made there. No virtual interface, no
route, nothing on the host changes. READY_FILE is written once every port listens.
Needs root (CAP_SYS_ADMIN).
"""
import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000


def listen(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(128)
    return sock


def enter_network_of(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/%s/ns/net" % pid) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        pass  # the other side is gone: nothing is left to carry


async def forward(target, reader, writer):
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
    except OSError:
        writer.transport.abort()  # refused there is refused here
        return
    outward = asyncio.ensure_future(copy(reader, far_writer))
    await copy(far_reader, writer)
    outward.cancel()  # when the server has ended, the client's side ends too
    for side in (writer, far_writer):
        side.close()


async def main(pid, ready_file, pairs):
    ports = [tuple(int(port) for port in pair.split(":")) for pair in pairs]
    sockets = [(listen(port), target) for port, target in ports]
    enter_network_of(pid)
    servers = []
    for sock, target in sockets:
        serve = lambda r, w, target=target: forward(target, r, w)
        servers.append(await asyncio.start_server(serve, sock=sock))
    with open(ready_file, "w") as f:
        f.write("ready\n")
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
