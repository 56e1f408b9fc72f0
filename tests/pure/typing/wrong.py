"""Mistakes that a type checker has to find; never run."""

from __future__ import annotations

import subprocess

import pypicotrace as pt

pt.spawn("ls -l", evnets=pt.SCE)  # wrong: call-arg
pt.spawn([1, 2])  # wrong: list-item
pt.spawn(["ls"], umask="022")  # wrong: arg-type
pt.spawn(["ls"], pass_fds=3)  # wrong: arg-type
pt.spawn(["ls"], syscalls=[2])  # wrong: list-item
pt.spawn(["ls"], errors="ENOENT", slower_than="1")  # wrong: arg-type
pt.spawn(["ls"], preexec_fn=print)  # wrong: call-arg
pt.spawn(["ls"], follow="all")  # wrong: arg-type
pt.attach("1234")  # wrong: arg-type
pt.attach(1, cwd="/")  # wrong: call-arg
pt.run(pt.Tracer())  # wrong: call-overload
pt.run(pt.Tracer(), ["ls"], children=True)  # wrong: call-overload
pt.run(pt.Tracer(), pids=[1], umask=0)  # wrong: call-overload
options: pt.LaunchOptions = {"cwdd": "/"}  # wrong: typeddict-unknown-key


class Bad(pt.Tracer):
    def syscall_entry(self, event: int) -> None:  # wrong: override
        pass


with pt.spawn(["ls"], stdout=subprocess.DEVNULL) as loop:
    loop.add(["ls"], cwd=1)  # wrong: call-overload
    for event in loop:
        print(event.name)  # wrong: attr-defined
        event.stop.raed(0, 1)  # wrong: attr-defined
        if isinstance(event, pt.SyscallExit):
            print(event.retval + 1)  # wrong: operator
            event.stop.syscall("write", 1, b"text")  # wrong: arg-type
            event.stop.inject(eror=1)  # wrong: call-arg
            event.pid = 5  # wrong: misc
    print(loop.status.signo)  # wrong: union-attr
