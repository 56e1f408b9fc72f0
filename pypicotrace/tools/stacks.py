"""The stacks of LWPs that stand, unwound by elfutils' libdw (Linux).

libdw's own way to look at a process is ptrace(2), of which one tracer has the use. Here it asks
back instead: memory and registers are read by the tracer that has stopped the LWP.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pypicotrace as pt
from pypicotrace.tools.symbols import Code, mapped

LIBRARY = "libdw.so.1"
DEPTH = 256
"""So many frames are looked at; deeper stacks are cut."""
PAGE = 4096
OK, ABORT = 0, 1
"""What libdw's callbacks return: DWARF_CB_OK, DWARF_CB_ABORT."""

# Of elfutils/libdwfl.h; what is not used of a structure is a pointer.
DECLARATIONS = """
typedef struct Dwfl Dwfl;
typedef struct Dwfl_Module Dwfl_Module;
typedef struct Dwfl_Thread Dwfl_Thread;
typedef struct Dwfl_Frame Dwfl_Frame;

typedef struct {
    int (*find_elf)(Dwfl_Module *, void **, const char *, uint64_t, char **, void **);
    int (*find_debuginfo)(Dwfl_Module *, void **, const char *, uint64_t, const char *,
        const char *, uint32_t, char **);
    void *section_address;
    char **debuginfo_path;
} Dwfl_Callbacks;

typedef struct {
    int32_t (*next_thread)(Dwfl *, void *, void **);
    bool (*get_thread)(Dwfl *, int32_t, void *, void **);
    bool (*memory_read)(Dwfl *, uint64_t, uint64_t *, void *);
    bool (*set_initial_registers)(Dwfl_Thread *, void *);
    void *detach;
    void *thread_detach;
} Dwfl_Thread_Callbacks;

typedef struct {
    uint32_t st_name;
    unsigned char st_info, st_other;
    uint16_t st_shndx;
    uint64_t st_value, st_size;
} GElf_Sym;

int dwfl_linux_proc_find_elf(Dwfl_Module *, void **, const char *, uint64_t, char **, void **);
int dwfl_build_id_find_debuginfo(Dwfl_Module *, void **, const char *, uint64_t, const char *,
    const char *, uint32_t, char **);

Dwfl *dwfl_begin(const Dwfl_Callbacks *);
void dwfl_end(Dwfl *);
void dwfl_report_begin(Dwfl *);
int dwfl_linux_proc_report(Dwfl *, int32_t);
int dwfl_report_end(Dwfl *, void *, void *);
bool dwfl_attach_state(Dwfl *, void *, int32_t, const Dwfl_Thread_Callbacks *, void *);
int dwfl_getthread_frames(Dwfl *, int32_t, int (*)(Dwfl_Frame *, void *), void *);
bool dwfl_frame_pc(Dwfl_Frame *, uint64_t *, bool *);
bool dwfl_thread_state_registers(Dwfl_Thread *, int, unsigned, const uint64_t *);
void dwfl_thread_state_register_pc(Dwfl_Thread *, uint64_t);
Dwfl_Module *dwfl_addrmodule(Dwfl *, uint64_t);
const char *dwfl_module_info(Dwfl_Module *, void *, uint64_t *, uint64_t *, uint64_t *,
    uint64_t *, const char **, const char **);
const char *dwfl_module_addrinfo(Dwfl_Module *, uint64_t, uint64_t *, GElf_Sym *, uint32_t *,
    void **, uint64_t *);
int dwfl_module_relocate_address(Dwfl_Module *, uint64_t *);
"""

_R = [f"r{n}" for n in range(8, 16)]
# By the name of the program counter, the registers that DWARF numbers from 0 on: of the psABIs of
# x86-64 (table 3.36), i386 (table 2.14) and AArch64.
NUMBERED = {
    "rip": ("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", *_R, "rip"),
    "eip": ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"),
    "pc": (*(f"x{n}" for n in range(31)), "sp"),
}


class Frame(NamedTuple):
    """Where a function is, or where it goes on: the file, the address in it, and the function.

    ``address`` is as the file was linked, as addr2line(1) takes it; in no file, that in memory.
    ``offset`` is counted from the function's beginning. What is not known is empty.
    """

    file: str
    address: int
    function: str = ""
    offset: int = 0

    def __str__(self) -> str:
        inner = f"{self.function}+{self.offset:#x}" if self.function else ""
        return f" > {self.file or '?'}({inner}) [{self.address:#x}]"


class MissingLibrary(Exception):
    """There is no libdw; the message says how to get it."""


def loaded() -> tuple[Any, Any]:
    """What cffi has for the library: what makes values of its types, and its functions.

    :raises MissingLibrary: there is none.
    """
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    try:
        return ffi, ffi.dlopen(LIBRARY)
    except OSError:
        needs = f"there is no {LIBRARY} of elfutils; install it (Debian and Ubuntu: libdw1)"
        raise MissingLibrary(needs) from None


class Process:
    """What libdw knows of a process: which files are mapped where."""

    def __init__(self, dwfl: Any, code: list[Code]) -> None:
        self.dwfl = dwfl
        self.code = code
        self.attached = False
        self.known: dict[tuple[int, bool], Frame] = {}


class Stacks:
    """Unwinds stacks. What it has to know of a process it keeps until `forget`.

    :raises pypicotrace.Unsupported: not on this system.
    :raises MissingLibrary: there is no libdw.
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise pt.Unsupported(f"stacks: nothing is known that unwinds them on {sys.platform}")
        self._ffi, self._lib = loaded()
        # Not dwfl_standard_find_debuginfo, which may ask servers on the network.
        self._files = self._ffi.new("Dwfl_Callbacks *")
        self._files.find_elf = self._lib.dwfl_linux_proc_find_elf
        self._files.find_debuginfo = self._lib.dwfl_build_id_find_debuginfo
        self._asked = self._ffi.new("Dwfl_Thread_Callbacks *")
        self._kept = [
            self._callback("next_thread", lambda dwfl, arg, thread: 0),
            self._callback("get_thread", lambda dwfl, lwp, arg, thread: True),
            self._callback("memory_read", self._memory_read),
            self._callback("set_initial_registers", self._set_registers),
        ]
        self._each = self._ffi.callback("int(Dwfl_Frame *, void *)", self._frame, error=ABORT)
        self._processes: dict[int, Process] = {}
        self._stop: Any = None
        self._bits = 64
        self._pages: dict[int, bytes] = {}
        self._places: list[tuple[int, bool]] = []

    def _callback(self, name: str, function: Callable[..., Any]) -> Any:
        kind = dict(self._ffi.typeof("Dwfl_Thread_Callbacks").fields)[name].type
        made = self._ffi.callback(kind, function, error=-1 if name == "next_thread" else False)
        setattr(self._asked, name, made)
        return made

    def of(self, event: pt.Event) -> list[Frame]:
        """The frames of the LWP that an event has stopped, the innermost first; none: not known.

        How far that goes the files say by which it runs (.eh_frame, debug information) and, without
        these, frame pointers.
        """
        if event.stop is None:
            return []
        self._stop, self._pages, self._places = event.stop, {}, []
        try:
            process = self._process(event.pid)
            if process is None:
                return []
            self._lib.dwfl_getthread_frames(process.dwfl, event.lwp, self._each, self._ffi.NULL)
            return [self._described(process, *place) for place in self._places]
        finally:
            self._stop = None

    def forget(self, pid: int) -> None:
        """The process has ended, or has a new image."""
        process = self._processes.pop(pid, None)
        if process is not None:
            self._lib.dwfl_end(process.dwfl)

    def _process(self, pid: int) -> Process | None:
        """What is known of it, brought up to date with what is mapped now."""
        try:
            code = mapped(Path(f"/proc/{pid}/maps").read_text(errors="surrogateescape"))
        except OSError:
            return None
        process = self._processes.get(pid)
        if process is not None and code == process.code:
            return process
        if process is None or set(process.code) - set(code):
            # libdw would keep for the process what it has of one of its files, which goes.
            self.forget(pid)
            process = self._processes[pid] = Process(self._lib.dwfl_begin(self._files), code)
        process.code = code
        process.known.clear()
        self._lib.dwfl_report_begin(process.dwfl)
        self._lib.dwfl_linux_proc_report(process.dwfl, pid)
        self._lib.dwfl_report_end(process.dwfl, self._ffi.NULL, self._ffi.NULL)
        if not process.attached:
            null = self._ffi.NULL
            attach = self._lib.dwfl_attach_state
            process.attached = attach(process.dwfl, null, pid, self._asked, null)
        if not process.attached:
            self.forget(pid)
            return None
        return process

    def _memory_read(self, dwfl: Any, address: int, word: Any, arg: Any) -> bool:
        size = self._bits // 8
        page, place = address - address % PAGE, address % PAGE
        try:
            if place + size > PAGE:
                data = self._stop.read(address, size)
            else:
                if page not in self._pages:
                    self._pages[page] = self._stop.read(page, PAGE)
                data = self._pages[page][place : place + size]
        except (pt.PicotraceError, ValueError):
            return False
        word[0] = int.from_bytes(data, sys.byteorder)
        return True

    def _set_registers(self, thread: Any, arg: Any) -> bool:
        try:
            registers = self._stop.registers
        except pt.PicotraceError:
            return False
        self._bits = registers.bits
        pc = next(name for name in NUMBERED if name in registers)
        words = [registers[name] for name in NUMBERED[pc]]
        self._lib.dwfl_thread_state_register_pc(thread, registers[pc])
        done: bool = self._lib.dwfl_thread_state_registers(thread, 0, len(words), words)
        return done

    def _frame(self, state: Any, arg: Any) -> int:
        pc, exact = self._ffi.new("uint64_t *"), self._ffi.new("bool *")
        if not self._lib.dwfl_frame_pc(state, pc, exact) or not pc[0]:
            return ABORT
        self._places.append((pc[0], exact[0]))
        return OK if len(self._places) < DEPTH else ABORT

    def _described(self, process: Process, pc: int, exact: bool) -> Frame:
        frame = process.known.get((pc, exact))
        if frame is None:
            frame = process.known[pc, exact] = self._look_up(process, pc, exact)
        return frame

    def _look_up(self, process: Process, pc: int, exact: bool) -> Frame:
        # One that has called goes on behind the call, and that may be another function.
        inside = pc if exact else pc - 1
        lib, new, null = self._lib, self._ffi.new, self._ffi.NULL
        module = lib.dwfl_addrmodule(process.dwfl, inside)
        if not module:
            return Frame("", pc)
        name = lib.dwfl_module_info(module, null, null, null, null, null, null, null)
        offset, symbol = new("uint64_t *"), new("GElf_Sym *")
        known = lib.dwfl_module_addrinfo(module, inside, offset, symbol, null, null, null)
        address = new("uint64_t *", inside)
        lib.dwfl_module_relocate_address(module, address)
        more = pc - inside
        # A symbol's version is no part of the function's name.
        function = self._text(known).partition("@")[0]
        return Frame(file_name(self._text(name)), address[0] + more, function, offset[0] + more)

    def _text(self, name: Any) -> str:
        if not name:
            return ""
        return bytes(self._ffi.string(name)).decode(errors="backslashreplace")


def file_name(module: str) -> str:
    """What libdw calls a module; of the kernel's own without the process's id."""
    return "[vdso]" if module.startswith("[vdso: ") else module
