"""Numbers of the system calls that the seccomp filter treats specially, from the kernel's unistd headers."""

from collections.abc import Mapping
from enum import IntEnum


class Architecture(IntEnum):
    """AUDIT_ARCH_* of linux/audit.h: which table a call's number belongs to."""

    X86_64 = 0xC000003E
    I386 = 0x40000003
    AARCH64 = 0xC00000B7


Numbers = tuple[int | None, int | None, int | None]
"""One call's number on x86-64, i386 and AArch64, None where it does not exist."""

FORBIDDEN: Mapping[str, Numbers] = {
    # observe or steer other processes
    "ptrace": (101, 26, 117),
    "process_vm_readv": (310, 347, 270),
    "process_vm_writev": (311, 348, 271),
    "pidfd_getfd": (438, 438, 438),
    "kcmp": (312, 349, 272),
    # change what is mounted
    "mount": (165, 21, 40),
    "umount": (None, 22, None),
    "umount2": (166, 52, 39),
    "pivot_root": (155, 217, 41),
    "chroot": (161, 61, 51),
    "fsopen": (430, 430, 430),
    "fsconfig": (431, 431, 431),
    "fsmount": (432, 432, 432),
    "fspick": (433, 433, 433),
    "open_tree": (428, 428, 428),
    "move_mount": (429, 429, 429),
    "mount_setattr": (442, 442, 442),
    "open_by_handle_at": (304, 342, 265),
    # enter or make namespaces (clone is checked by its flags)
    "unshare": (272, 310, 97),
    "setns": (308, 346, 268),
    # load code into the kernel
    "kexec_load": (246, 283, 104),
    "kexec_file_load": (320, None, 294),
    "init_module": (175, 128, 105),
    "finit_module": (313, 350, 273),
    "delete_module": (176, 129, 106),
    "create_module": (174, 127, None),
    "query_module": (178, 167, None),
    "get_kernel_syms": (177, 130, None),
    "bpf": (321, 357, 280),
    # large kernel surfaces with a history, of no use to a target
    "perf_event_open": (298, 336, 241),
    "userfaultfd": (323, 374, 282),
    "io_uring_setup": (425, 425, 425),
    "io_uring_enter": (426, 426, 426),
    "io_uring_register": (427, 427, 427),
    "memfd_secret": (447, 447, 447),
    "fanotify_init": (300, 338, 262),
    "lookup_dcookie": (212, 253, 18),
    # keyrings are not namespaced
    "keyctl": (250, 288, 219),
    "add_key": (248, 286, 217),
    "request_key": (249, 287, 218),
    # administer the machine
    "reboot": (169, 88, 142),
    "swapon": (167, 87, 224),
    "swapoff": (168, 115, 225),
    "quotactl": (179, 131, 60),
    "quotactl_fd": (443, 443, 443),
    "acct": (163, 51, 89),
    "nfsservctl": (180, 169, 42),
    "syslog": (103, 103, 116),
    "vhangup": (153, 111, 58),
    "settimeofday": (164, 79, 170),
    "stime": (None, 25, None),
    "clock_settime": (227, 264, 112),
    "clock_settime64": (None, 404, None),
    "adjtimex": (159, 124, 171),
    "clock_adjtime": (305, 343, 266),
    "clock_adjtime64": (None, 405, None),
    "sethostname": (170, 74, 161),
    "setdomainname": (171, 121, 162),
    "iopl": (172, 110, None),
    "ioperm": (173, 101, None),
    "vm86": (None, 166, None),
    "vm86old": (None, 113, None),
    "modify_ldt": (154, 123, None),
    "uselib": (134, 86, None),
    "ustat": (136, 62, None),
    "sysfs": (139, 135, None),
    "_sysctl": (156, 149, None),
    # steer where other processes' memory lies
    "move_pages": (279, 317, 239),
    "migrate_pages": (256, 294, 238),
    "mbind": (237, 274, 235),
    "set_mempolicy": (238, 276, 237),
    "set_mempolicy_home_node": (450, 450, 450),
}
"""Calls that fail with EPERM whatever their arguments."""

CHECKED: Mapping[str, Numbers] = {
    "clone": (56, 120, 220),
    "clone3": (435, 435, 435),
    "ioctl": (16, 54, 29),
    "personality": (135, 136, 92),
    "socket": (41, 359, 198),
    "socketpair": (53, 360, 199),
    "socketcall": (None, 102, None),
}
"""Calls whose fate depends on their arguments, or that fail in a way of their own."""

NEWEST = 466
"""The newest call known when this table was made (removexattrat); from 424 on, numbers are the same on all architectures."""


def numbers(calls: Mapping[str, Numbers], architecture: Architecture) -> dict[str, int]:
    """Name and number of those `calls` that exist on `architecture`."""
    column = list(Architecture).index(architecture)
    return {name: number for name, row in calls.items() if (number := row[column]) is not None}
