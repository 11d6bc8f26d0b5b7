"""Becomes another program that dies with its parent: ``leash.py SIGNAL PARENT UID GID -- PROGRAM ARGS``.

Run as a script by :mod:`deploy.local.children`, never imported. It exists because ``preexec_fn`` runs
Python between fork and exec, which can deadlock in a process that has threads (and warns about it from
Python 3.12 on); a program that prepares itself and then calls exec cannot.

The order matters: a change of user clears the death signal (prctl(2)), so it is asked for afterwards; and a
parent that died before the request would never be noticed, so the parent is compared last.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Drop to the given user, ask for the signal, and become the program."""
    signal, parent, uid, gid = (int(value) for value in sys.argv[1:5])
    program = sys.argv[6:]
    libc = ctypes.CDLL(None, use_errno=True)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(0)
    os.execv(program[0], program)  # nosec B606  # noqa: S606  # no shell is the point


main()
