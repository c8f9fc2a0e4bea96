# SPDX-License-Identifier: GPL-2.0-only
"""Applies the fixups of a patch as docs/patch-format.md says and compares the code with what ld
makes of the same objects at the same place: oracle.py PATCH KERNEL OBJECT...
Exits with 1 and says why if they differ."""
import hashlib
import struct
import subprocess
import sys
import zlib

TEXT, DATA = 0xFFFFFFFF8A000000, 0xFFFFFFFF8A040000


def spans(raw):
    names = "text data sites fixups strings meta signature".split()
    at = struct.unpack_from("<14I", raw, 176)
    return {n: raw[at[2 * i]:at[2 * i] + at[2 * i + 1]] for i, n in enumerate(names)}


def load(raw):
    """Text and data as they would lie in memory, at TEXT and DATA, without a slide."""
    part = spans(raw)
    data_mem = struct.unpack_from("<I", raw, 140)[0]
    mem = [bytearray(part["text"]), bytearray(part["data"].ljust(data_mem, b"\0"))]
    for i in range(0, len(part["fixups"]), 16):
        value, offset, kind, base, in_data, _ = struct.unpack_from("<qIBBBB", part["fixups"], i)
        value += (0, TEXT, DATA, 0)[base]
        place = (DATA if in_data else TEXT) + offset
        size = 8 if kind in (0, 4) else 4
        if kind in (3, 4):
            value -= place
        mem[in_data][offset:offset + size] = (value % 2 ** 64).to_bytes(8, "little")[:size]
    return mem


def linked(kernel, objects):
    """The same by ld: text at TEXT, all else from DATA on, symbols from the kernel."""
    with open("oracle.lds", "w") as f:
        f.write("SECTIONS { .text %#x : { *(.text .text.*) } = 0xcccccccc .d %#x : { *(.data .data.* "
                ".rodata .rodata.*) } .b : { *(.bss .bss.*) } /DISCARD/ : { *(*) } }" % (TEXT, DATA))
    symbols = subprocess.run(["nm", kernel], capture_output=True, text=True, check=True).stdout
    defs = ["--defsym=%s=0x%s" % (n, a) for a, _, n in (l.split() for l in symbols.splitlines())
            if n in ("counter", "limit", "helper", "check")]
    subprocess.run(["ld", "-T", "oracle.lds", "-e", "0", "-o", "oracle.elf", *defs, *objects], check=True)
    for section in ".text", ".d":
        subprocess.run(["objcopy", "-O", "binary", "-j", section, "oracle.elf", "oracle" + section],
                       check=True)
        yield open("oracle" + section, "rb").read()


def check(ok, what):
    if not ok:
        sys.exit(what)


def main():
    patch, kernel, *objects = sys.argv[1:]
    raw = open(patch, "rb").read()
    blank = raw[:20] + bytes(36) + raw[56:]
    check(hashlib.sha256(blank).digest() == raw[24:56], "id")
    check(zlib.crc32(raw[:20] + bytes(4) + raw[24:]) == struct.unpack_from("<I", raw, 20)[0], "crc")
    for name, ours, theirs in zip(("text", "data"), load(raw), linked(kernel, objects)):
        # What follows in memory is zero; ld's file ends before it.
        check(bytes(ours) == theirs.ljust(len(ours), b"\0"),
              "%s differs from ld's:\n%s\n%s" % (name, ours.hex(), theirs.hex()))


main()
