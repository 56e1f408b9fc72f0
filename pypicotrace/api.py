"""All names of the library; the package itself gets them from here when the first is asked for."""

from pypicotrace.batch import Batch
from pypicotrace.blocks import steps_blocks
from pypicotrace.choice import Follow
from pypicotrace.errors import (
    AttachError,
    BadRecording,
    CallFailed,
    KernelError,
    LaunchError,
    LoopClosed,
    MissingExtra,
    NotTraced,
    PicotraceError,
    StaleStop,
    TraceeDied,
    Unsupported,
    WrongThread,
)
from pypicotrace.events import (
    Attached,
    Breakpoint,
    Continued,
    Crashed,
    DebugRegister,
    Detached,
    Event,
    Exec,
    Exited,
    Forked,
    LwpCreated,
    LwpExited,
    Signaled,
    SingleStep,
    Spawned,
    Stopped,
    SyscallEntry,
    SyscallExit,
    VforkDone,
    Vforked,
)
from pypicotrace.filtering import Filtering
from pypicotrace.formats.header import Header
from pypicotrace.kinds import Mask
from pypicotrace.launch import LaunchOptions, own_environment
from pypicotrace.lines import LineWriter
from pypicotrace.loop import Loop
from pypicotrace.lwps import LwpNow
from pypicotrace.recording import Recording, read
from pypicotrace.registers import Registers
from pypicotrace.start import AttachOptions, SpawnOptions, attach, spawn
from pypicotrace.stop import Stop
from pypicotrace.stream import Stream
from pypicotrace.text import Piece, Text
from pypicotrace.tracefile import open_trace
from pypicotrace.tracer import Tracer, run

SCE = Mask.SCE
SCX = Mask.SCX
EXEC = Mask.EXEC
FORK = Mask.FORK
VFORK = Mask.VFORK
VFORK_DONE = Mask.VFORK_DONE
POSIX_SPAWN = Mask.POSIX_SPAWN
LWP_CREATE = Mask.LWP_CREATE
LWP_EXIT = Mask.LWP_EXIT
SIGNAL = Mask.SIGNAL
STEP = Mask.STEP
EXIT = Mask.EXIT
ATTACH = Mask.ATTACH
ALL = Mask.ALL

__all__ = [
    "ALL",
    "ATTACH",
    "EXEC",
    "EXIT",
    "FORK",
    "LWP_CREATE",
    "LWP_EXIT",
    "POSIX_SPAWN",
    "SCE",
    "SCX",
    "SIGNAL",
    "STEP",
    "VFORK",
    "VFORK_DONE",
    "AttachError",
    "AttachOptions",
    "Attached",
    "BadRecording",
    "Batch",
    "Breakpoint",
    "CallFailed",
    "Continued",
    "Crashed",
    "DebugRegister",
    "Detached",
    "Event",
    "Exec",
    "Exited",
    "Filtering",
    "Follow",
    "Forked",
    "Header",
    "KernelError",
    "LaunchError",
    "LaunchOptions",
    "LineWriter",
    "Loop",
    "LoopClosed",
    "LwpCreated",
    "LwpExited",
    "LwpNow",
    "Mask",
    "MissingExtra",
    "NotTraced",
    "PicotraceError",
    "Piece",
    "Recording",
    "Registers",
    "Signaled",
    "SingleStep",
    "SpawnOptions",
    "Spawned",
    "StaleStop",
    "Stop",
    "Stopped",
    "Stream",
    "SyscallEntry",
    "SyscallExit",
    "Text",
    "TraceeDied",
    "Tracer",
    "Unsupported",
    "VforkDone",
    "Vforked",
    "WrongThread",
    "attach",
    "open_trace",
    "own_environment",
    "read",
    "run",
    "spawn",
    "steps_blocks",
]
