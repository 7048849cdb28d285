"""A listening socket that turns newcomers away while those whose handshake has begun can still come in."""

import contextlib
import ctypes
import socket
import struct

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; Python has no name for it
_TCP_FLAGS_AT, _SYN, _SYN_ACK = 13, 0x02, 0x12  # RFC 9293, 3.1
# Classic BPF over the TCP header (linux/filter.h): drop a SYN without ACK, let everything else pass.
_TURN_AWAY = (
    (0x30, 0, 0, _TCP_FLAGS_AT),  # load the byte with the flags
    (0x54, 0, 0, _SYN_ACK),  # keep these two
    (0x15, 0, 1, _SYN),  # only SYN?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFF),  # pass
)


def turn_away(listener: socket.socket) -> None:
    """Begin no new connection. Closing at once would reset one that the peer believes to be open.

    The peers' system sends its SYN again after a second and is refused then, if the socket has been closed.
    Where the system has no such filters nothing changes.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _TURN_AWAY))
    value = struct.pack("HP", len(_TURN_AWAY), ctypes.addressof(program))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, value)
