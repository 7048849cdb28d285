"""Loads a seccomp filter like that of a weaker host, then becomes another program: confine.py PROFILE COMMAND..."""

import os
import sys

import pyseccomp as seccomp

EPERM, ENOSYS = 1, 38
NEW_USER = 0x10000000
ALL_NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, NEW_USER, 0x20000000, 0x40000000)
# what the usual container runtimes' default profile refuses a process without CAP_SYS_ADMIN
CONTAINER = ("mount", "umount2", "pivot_root", "setns", "unshare", "keyctl", "add_key", "request_key", "bpf", "perf_event_open",
             "open_by_handle_at", "fsopen", "fsmount", "fsconfig", "move_mount", "open_tree", "mount_setattr", "userfaultfd",
             "io_uring_setup", "kexec_load", "init_module", "swapon", "reboot", "acct", "quotactl", "sethostname")  # fmt: skip


def main() -> None:
    profile, *command = sys.argv[1:]
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.CTL_NNP, 0)  # containers do not set no_new_privs by default
    rules.add_rule(seccomp.ERRNO(ENOSYS), "clone3")
    flags = (NEW_USER,) if profile == "no_user_namespaces" else ALL_NAMESPACES
    for flag in flags:
        rules.add_rule(seccomp.ERRNO(EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    if profile == "no_user_namespaces":
        rules.add_rule(seccomp.ERRNO(EPERM), "unshare", seccomp.Arg(0, seccomp.MASKED_EQ, NEW_USER, NEW_USER))
    else:
        for name in CONTAINER:
            rules.add_rule(seccomp.ERRNO(EPERM), name)
    rules.load()
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
