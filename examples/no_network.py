"""Run a command without the network: it gets only sockets of its own machine, AF_UNIX.

    python examples/no_network.py make test
    python examples/no_network.py --kill ./program

All that it starts is held to that, too. A call that is refused fails with EACCES; with ``--kill``
it is the end of who called. Not refused: sockets that the command was started with, or is given.
"""

import argparse
import contextlib
import signal
import socket
import sys

import pypicotrace as pt

SOCKETCALL_SOCKET = 1


class NoNetwork(pt.Tracer):
    syscalls = ("/^(socket|__socket30|socketcall|io_uring_setup)$/",)

    def __init__(self, kill: bool) -> None:
        self.kill = kill

    def allowed(self, call: pt.SyscallEntry) -> bool:
        if call.name == "io_uring_setup":  # whose requests make sockets without a call
            return False
        if call.name == "socketcall":  # its family is in memory, which a thread may still change
            return call.args[0] != SOCKETCALL_SOCKET
        return call.args[0] == socket.AF_UNIX

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        if self.allowed(event):
            return
        program = event.program.decode(errors="replace")
        print(f"no_network: {program}[{event.pid}]: {event.name} refused", file=sys.stderr)
        with contextlib.suppress(pt.TraceeDied):  # killed just now: it calls nobody
            event.stop.inject(error="EACCES")
            if self.kill:
                event.stop.signal(signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a command without the network.")
    parser.add_argument("--kill", action="store_true", help="kill what tries, as pledge(2) does")
    parser.add_argument("command", nargs="...")
    args = parser.parse_args()
    command = args.command or parser.error("give a command")
    status = pt.run(NoNetwork(args.kill), command, follow=True)
    return status.status if isinstance(status, pt.Exited) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pt.PicotraceError as error:
        sys.exit(f"no_network: {error}")
