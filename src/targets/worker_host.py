"""Serves a vendor's Python toolchain to acuate over a socket (docs/workers.md is the protocol).

Runs under any Python from 3.9 on with nothing but the standard library; the toolchain's own
interpreter need not have acuate installed. In one process with its caller a worker is used
without this file: its methods take and return buffers as they are.
"""

import json
import mmap
import os
import socket
import sys
import traceback

PROTOCOL = 1
# A message is one packet; a longer text travels as a descriptor of its own.
MAX_PACKET = 64 * 1024
MAX_DESCRIPTORS = 250  # Linux passes up to 253 at once


class WorkerError(Exception):
    """What a worker raises for the caller to read: the message is the whole answer."""


def _write_memory(name, parts):
    descriptor = os.memfd_create(name)
    for part in parts:
        view = memoryview(part).cast("B")
        while len(view) > 0:
            view = view[os.write(descriptor, view) :]
    return descriptor


def _read_memory(descriptor):
    size = os.fstat(descriptor).st_size
    view = memoryview(b"" if size == 0 else mmap.mmap(descriptor, size, prot=mmap.PROT_READ))
    os.close(descriptor)
    return view


def _to_wire(value, descriptors):
    """JSON of a value; buffers become {"$blob": place among the descriptors}."""
    if isinstance(value, dict):
        return {key: _to_wire(item, descriptors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_wire(item, descriptors) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    descriptors.append(_write_memory("acuate-result", [value]))
    return {"$blob": len(descriptors) - 1}


def _from_wire(value, descriptors):
    if isinstance(value, dict):
        if set(value) == {"$blob"}:
            return descriptors[value["$blob"]]
        return {key: _from_wire(item, descriptors) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_wire(item, descriptors) for item in value]
    return value


def _receive(channel):
    """The next message and its buffers; None at the end."""
    data, descriptors, _, _ = socket.recv_fds(channel, MAX_PACKET, MAX_DESCRIPTORS)
    if not data:
        return None
    buffers = [_read_memory(descriptor) for descriptor in descriptors]
    message = json.loads(data)
    if message.get("body"):
        message = json.loads(bytes(buffers.pop(0)))
    return message, buffers


def _send(channel, message, descriptors):
    data = json.dumps(message).encode()
    if len(data) > MAX_PACKET:
        descriptors = [_write_memory("acuate-body", [data]), *descriptors]
        data = json.dumps({"id": message["id"], "body": True}).encode()
    socket.send_fds(channel, [data], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)


def serve(worker, descriptor):
    """Answers calls until the caller closes the socket. `worker.METHODS` may be called by name."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    while (received := _receive(channel)) is not None:
        message, buffers = received
        answer, descriptors = {"id": message["id"]}, []
        try:
            name = message["call"]
            if name == "hello":
                result = {"protocol": PROTOCOL, "python": sys.version.split()[0], **worker.hello()}
            elif name in worker.METHODS:
                result = getattr(worker, name)(**_from_wire(message["arguments"], buffers))
            else:
                raise WorkerError(f"the worker has no method '{name}'")
            answer["result"] = _to_wire(result, descriptors)
        except WorkerError as refusal:
            answer["error"] = str(refusal)
        except Exception as error:  # a toolchain may raise anything; the caller decides
            where = traceback.extract_tb(error.__traceback__)[-1]
            answer["error"] = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        _send(channel, answer, descriptors)
