"""The words of `table`: each makes a decoder, given an ABI and what follows its colon."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pypicotrace.tools.decode import (
    buffers,
    controls,
    flags,
    plain,
    signals,
    sockets,
    structs,
)
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.call import Decode

WORDS: dict[str, Callable[..., Decode]] = {
    "int": plain.integer,
    "unsigned": plain.unsigned,
    "long": plain.long_integer,
    "quad": plain.quad,
    "hex": plain.hexadecimal,
    "pointer": plain.pointer,
    "octal": plain.octal,
    "mode": plain.mode,
    "user": plain.user,
    "device": plain.device,
    "fd": plain.descriptor,
    "dirfd": plain.directory,
    "signal": plain.signal,
    "flags": flags.flags,
    "enum": flags.one_of,
    "map_flags": flags.map_flags,
    "mount_flags": flags.mount_flags,
    "moved": flags.moved,
    "open_flags": flags.open_flags,
    "open_mode": flags.open_mode,
    "clone_flags": flags.clone_flags,
    "ipc_flags": flags.ipc_flags,
    "ipc_command": flags.ipc_command,
    "access": flags.access,
    "path": buffers.path,
    "string": buffers.string,
    "given": buffers.given,
    "queued": buffers.queued,
    "filled": buffers.filled,
    "filled_string": buffers.filled_string,
    "strings": buffers.strings,
    "environment": buffers.environment,
    "integers": buffers.integers,
    "iovecs": buffers.iovecs,
    "entries": buffers.entries,
    "fd_set": buffers.descriptor_set,
    "processors": buffers.processors,
    "struct": structs.structure,
    "sized": structs.sized,
    "file_times": structs.file_times,
    "stack": structs.stack,
    "array": structs.array,
    "protocol": sockets.protocol,
    "address": sockets.address,
    "told_address": sockets.told_address,
    "message": sockets.message,
    "messages": sockets.messages,
    "option_level": sockets.option_level,
    "option": sockets.option,
    "option_value": sockets.option_value,
    "signals": signals.signal_set,
    "action": signals.action,
    "siginfo": signals.info,
    "sent_signals": signals.sent_set,
    "request": controls.request,
    "request_argument": controls.request_argument,
    "pointed": controls.pointed,
    "control_argument": controls.control_argument,
    "control_result": controls.control_result,
    "futex": controls.futex,
    "status": controls.process_status,
    "prctl_argument": controls.prctl_argument,
    "ptrace_argument": controls.ptrace_argument,
    "semctl_argument": controls.semaphore_argument,
}

ENTRY, EXIT, BOTH = 0, 1, 2


class Decoder(NamedTuple):
    """An argument's decoder, and when it is asked: at the call's entry, its exit, or both."""

    decode: Decode
    when: int


def decoder(abi: Abi, word: str) -> Decoder:
    """What a word of the table means for an ABI.

    :raises KeyError: there is no such word, or the ABI lacks the layout that it needs.
    """
    when = {">": EXIT, "=": BOTH}.get(word[0], ENTRY)
    name, _, rest = word.lstrip(">=").partition(":")
    given = rest.split(",") if rest else []
    if name in ("struct", "array", "sized", "file_times"):
        given[0] = f"struct {given[0]}"
    return Decoder(WORDS[name](abi, *given), when)
