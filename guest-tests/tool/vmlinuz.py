# SPDX-License-Identifier: GPL-2.0-only
"""Kernel images for the tests of the host tool, written and read independently of it.
    vmlinuz.py make KERNEL.elf OUT PACKING [FORM]
        fills section .kallsyms of an ELF file from its symbol table (FORM: old, new, absolute),
        strips it, appends the relocations that --emit-relocs left, packs it (none, gzip, xz, zstd,
        lz4), puts it behind a boot header
    vmlinuz.py symbols VMLINUZ
        prints what kallsyms in it says, as /proc/kallsyms does
    vmlinuz.py tables VMLINUZ
        prints "TABLE ADDRESS" for each entry of the kernel's tables
"""
import ctypes
import gzip
import lzma
import re
import struct
import subprocess
import sys


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def align8(n):
    return (n + 7) & ~7


# ---- packing ----

def lz4_library():
    return ctypes.CDLL("liblz4.so.1")


def pack(data, how):
    if how == "none":
        return data
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "xz":
        filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6}]
        packed = lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=filters)
    elif how == "zstd":
        z = ctypes.CDLL("libzstd.so.1")
        z.ZSTD_compressBound.restype = z.ZSTD_compress.restype = ctypes.c_size_t
        z.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
        z.ZSTD_compress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
                                    ctypes.c_int]
        out = ctypes.create_string_buffer(z.ZSTD_compressBound(len(data)))
        n = z.ZSTD_compress(out, len(out), data, len(data), 19)
        packed = out.raw[:n]
    elif how == "lz4":
        lz4, packed = lz4_library(), struct.pack("<I", 0x184C2102)
        for at in range(0, len(data), 8 << 20):
            block = data[at:at + (8 << 20)]
            out = ctypes.create_string_buffer(len(block) + len(block) // 200 + 64)
            n = lz4.LZ4_compress_default(block, out, len(block), len(out))
            packed += struct.pack("<I", n) + out.raw[:n]
    return packed + struct.pack("<I", len(data))


def unpack(data):
    if data[:4] == b"\xfd7zX":
        return lzma.LZMADecompressor().decompress(data)
    if data[:4] == struct.pack("<I", 0x184C2102):
        lz4, out, at, block = lz4_library(), bytearray(), 4, ctypes.create_string_buffer(8 << 20)
        while at < len(data) - 4:
            size, = struct.unpack_from("<I", data, at)
            n = lz4.LZ4_decompress_safe(data[at + 4:at + 4 + size], block, size, len(block))
            out += block.raw[:n]
            at += 4 + size
        return bytes(out)
    sys.exit("a packing that this oracle does not know")


def payload(vmlinuz):
    raw = open(vmlinuz, "rb").read()
    offset, length = struct.unpack_from("<II", raw, 0x248)
    start = (raw[0x1F1] + 1) * 512 + offset
    return unpack(raw[start:start + length])


def boxed(data):
    header = bytearray(4 * 512)
    header[0x1F1] = 3
    header[0x1FE:0x200] = b"\x55\xaa"
    header[0x202:0x208] = b"HdrS\x0f\x02"
    struct.pack_into("<II", header, 0x248, 64, len(data))
    return bytes(header) + bytes(64) + data + bytes(100)


# ---- writing kallsyms ----

def symbols_of(elf):
    found = []
    for line in tool("nm", elf).splitlines():
        m = re.match(r"([0-9a-f]{16}) (\S) (\S+)$", line)
        if m and m[2] not in "wU" and not m[3].startswith("kallsyms"):
            addr = int(m[1], 16)
            found.append((addr, "A" if addr < 1 << 32 else m[2], m[3]))
    return sorted(found, key=lambda s: s[0])


def tables_of(symbols, base, form):
    token_of = [bytes([i]) if i else b"" for i in range(256)]
    for code, text in ((1, b"_start"), (2, b"check")):
        token_of[code] = text
    names, markers = b"", []
    for i, (_, kind, name) in enumerate(symbols):
        text = (kind + name).encode().replace(b"_start", b"\1").replace(b"check", b"\2")
        if i % 256 == 0:
            markers.append(len(names))
        size = bytes([len(text)]) if len(text) < 128 else bytes([len(text) & 127 | 128, len(text) >> 7])
        names += size + text
    if form == "absolute":
        addresses = b"".join(struct.pack("<Q", a) for a, _, _ in symbols)
    else:
        offsets = [a if a < 1 << 32 else base - 1 - a for a, _, _ in symbols]
        addresses = b"".join(struct.pack("<i", o) for o in offsets)
        addresses += bytes(-len(addresses) % 8) + struct.pack("<Q", base)
    index, table = [], b""
    for text in token_of:
        index.append(len(table))
        table += text + b"\0"
    table += bytes(-len(table) % 8) + struct.pack("<256H", *index)
    body = struct.pack("<Q", len(symbols)) + names
    body += bytes(-len(body) % 8) + b"".join(struct.pack("<I", m) for m in markers)
    body += bytes(-len(body) % 8)
    if form == "old":
        by_name = sorted(range(len(symbols)), key=lambda i: symbols[i][2])
        body += b"".join(i.to_bytes(3, "big") for i in by_name)
        body += bytes(-len(body) % 8)
    return body + table + addresses if form == "new" else addresses + body + table


def sections(elf):
    found = {}
    for line in tool("readelf", "-SW", elf).splitlines():
        m = re.match(r"\s*\[\s*\d+\] (\S+)\s+\S+\s+([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+)", line)
        if m:
            found[m[1]] = [int(v, 16) for v in m.groups()[1:]]
    return found


def relocations(elf):
    lists = {"64": [], "-32": [], "32": []}
    for line in tool("readelf", "-rW", elf).splitlines():
        m = re.match(r"([0-9a-f]{16})\s+\S+\s+(R_X86_64_\S+)\s+([0-9a-f]{16}) (\S+)", line)
        if not m:
            continue
        at, kind, value = int(m[1], 16), m[2], int(m[3], 16)
        if kind == "R_X86_64_64" and value >= 1 << 32:
            lists["64"].append(at)
        elif kind in ("R_X86_64_32", "R_X86_64_32S") and value >= 1 << 32:
            lists["32"].append(at)
        elif kind in ("R_X86_64_PC32", "R_X86_64_PLT32") and value < 1 << 32:
            lists["-32"].append(at)
    out = b""
    for which in "64", "-32", "32":
        out += bytes(4) + b"".join(struct.pack("<I", a & 0xFFFFFFFF) for a in sorted(lists[which]))
    return out


def make(elf, out, how, form="old"):
    raw = bytearray(open(elf, "rb").read())
    at = sections(elf)
    table = tables_of(symbols_of(elf), 0xFFFFFFFF81000000, form)
    _, offset, size = at[".kallsyms"]
    assert len(table) <= size, len(table)
    raw[offset:offset + len(table)] = table
    relocs = relocations(elf)
    open(out, "wb").write(raw)
    tool("strip", "-s", "-R", ".rela*", "-o", out + ".elf", out)
    stripped = open(out + ".elf", "rb").read()
    open(out, "wb").write(boxed(pack(stripped + relocs, how)))


# ---- reading, by another way than the tool's ----

def find_tokens(data):
    """The tokens for the digits come one after the other, like all characters that are in use."""
    digits = b"".join(bytes([c, 0]) for c in b"0123456789")
    for m in re.finditer(b"\0" + digits, data):
        start = m.start() + 1
        for _ in range(ord("0")):
            start = data.rfind(b"\0", 0, start - 1) + 1
        tokens = data[start:start + 65536].split(b"\0")[:256]
        at = start + sum(len(t) + 1 for t in tokens)
        index = [sum(len(t) + 1 for t in tokens[:i]) for i in range(256)]
        if index[-1] < 65536 and data[align8(at):align8(at) + 512] == struct.pack("<256H", *index):
            return start, tokens
    sys.exit("no tokens")


def read_symbols(data):
    """The base of the offsets is the start of the kernel; the number of symbols is behind it."""
    base = 0xFFFFFFFF81000000
    end, tokens = find_tokens(data)
    at = end
    while True:
        at = data.rfind(struct.pack("<Q", base), 0, at)
        if at < 0:
            sys.exit("no base")
        n, = struct.unpack_from("<Q", data, at + 8)
        if 0 < n < 1000000 and align8(4 * n) <= at:
            break
    offsets = struct.unpack_from("<%di" % n, data, at - align8(4 * n))
    at += 16
    for offset in offsets:
        size = data[at]
        at += 1
        if size & 128:
            size = size & 127 | data[at] << 7
            at += 1
        text = b"".join(tokens[b] for b in data[at:at + size]).decode()
        at += size
        yield offset if offset >= 0 else base - 1 - offset, text[0], text[1:]


def loaded(data):
    """A function from an address to its offset in the file."""
    phoff, = struct.unpack_from("<Q", data, 32)
    segments = []
    for i in range(struct.unpack_from("<H", data, 56)[0]):
        kind, _, offset, addr, _, size = struct.unpack_from("<IIQQQQ", data, phoff + 56 * i)
        if kind == 1:
            segments.append((addr, size, offset))

    def where(addr):
        for start, size, offset in segments:
            if start <= addr < start + size:
                return offset + addr - start
        sys.exit("%#x is not in the image" % addr)
    return where


# Start, end, bytes of a record, bytes of the field that says where: 4 relative, 8 absolute.
TABLES = {
    "exception-table": ("__start___ex_table", "__stop___ex_table", 12, 4),
    "jump-label": ("__start___jump_table", "__stop___jump_table", 16, 4),
    "static-call": ("__start_static_call_sites", "__stop_static_call_sites", 8, 4),
    "alternative": ("__alt_instructions", "__alt_instructions_end", 12, 4),
    "paravirt": ("__parainstructions", "__parainstructions_end", 16, 8),
    "retpoline": ("__retpoline_sites", "__retpoline_sites_end", 4, 4),
    "return": ("__return_sites", "__return_sites_end", 4, 4),
    "smp-lock": ("__smp_locks", "__smp_locks_end", 4, 4),
    "ftrace": ("__start_mcount_loc", "__stop_mcount_loc", 8, 8),
    "bug": ("__start___bug_table", "__stop___bug_table", 12, 4),
}


def read_tables(data):
    where, addr_of = loaded(data), {name: addr for addr, _, name in read_symbols(data)}
    for table, (start, stop, size, width) in TABLES.items():
        for at in range(addr_of[start], addr_of[stop], size):
            value, = struct.unpack_from("<q" if width == 8 else "<i", data, where(at))
            if value:
                yield table, (value if width == 8 else at + value) & 0xFFFFFFFFFFFFFFFF


def main():
    command, *args = sys.argv[1:]
    if command == "make":
        make(*args)
    elif command == "symbols":
        for addr, kind, name in read_symbols(payload(args[0])):
            print("%016x %s %s" % (addr, kind, name))
    elif command == "tables":
        for table, addr in read_tables(payload(args[0])):
            print("%s 0x%x" % (table, addr))


main()
