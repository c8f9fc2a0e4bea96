/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF program at a function's entry (fentry), which the kernel reaches through a trampoline of
 * its own: a call instead of the function's NOP. It counts in an array of one element. Program
 * and map live on through their names in bpffs. bpf(2), Documentation/bpf/btf.rst.
 */
#define _GNU_SOURCE
#include "guest-tests/linux/coexist/coexist.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK "/sys/fs/bpf/coexist_link"
#define MAP "/sys/fs/bpf/coexist_map"

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Bytes of what follows a type's head, by its kind. */
static size_t btf_tail(uint32_t info)
{
	size_t vlen = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT: return sizeof(uint32_t);
	case BTF_KIND_ARRAY: return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return vlen * sizeof(struct btf_member);
	case BTF_KIND_ENUM: return vlen * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO: return vlen * sizeof(struct btf_param);
	case BTF_KIND_VAR: return sizeof(struct btf_var);
	case BTF_KIND_DATASEC: return vlen * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG: return sizeof(struct btf_decl_tag);
	case BTF_KIND_ENUM64: return vlen * sizeof(struct btf_enum64);
	default: return 0;
	}
}

static uint32_t find_func(const char *data, size_t size, const char *function)
{
	const struct btf_header *h = (const void *)data;
	const char *types = data + h->hdr_len + h->type_off;
	const char *strings = data + h->hdr_len + h->str_off;
	uint32_t id = 1;

	if (size < sizeof(*h) || (size_t)h->hdr_len + h->str_off + h->str_len > size)
		return 0;
	for (size_t at = 0; at + sizeof(struct btf_type) <= h->type_len; id++) {
		const struct btf_type *t = (const void *)(types + at);

		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC &&
		    !strcmp(strings + t->name_off, function))
			return id;
		at += sizeof(*t) + btf_tail(t->info);
	}
	return 0;
}

/* The id of the function's type in the kernel's BTF; 0 if it has none. */
static uint64_t search_btf(const char *function)
{
	const size_t size = 64 << 20;
	char *data = malloc(size);
	long len = data ? get("/sys/kernel/btf/vmlinux", data, size) : -1;
	uint32_t id = len < 0 ? 0 : find_func(data, (size_t)len, function);

	free(data);
	return id;
}

static int pin(int fd, const char *path)
{
	union bpf_attr a = { .pathname = (uintptr_t)path, .bpf_fd = (uint32_t)fd };

	return bpf(BPF_OBJ_PIN, &a) ? complain("pinning %s", path) : 0;
}

/* element[0]++; return 0 */
static int load_counter(int map, uint32_t func)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .imm = 0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 0, .src_reg = 1, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_TRACING, .expected_attach_type = BPF_TRACE_FENTRY,
		.insns = (uintptr_t)insns, .insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t)"GPL", .attach_btf_id = func,
	};

	return bpf(BPF_PROG_LOAD, &a);
}

static int attach(const struct mechanism *m, const char *function)
{
	union bpf_attr map_attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
				    .max_entries = 1 };
	union bpf_attr open_attr = { 0 };
	uint32_t func = (uint32_t)remembered("btf", function, search_btf);
	int map, prog, link;

	(void)m;
	if (!func) {
		errno = ENOENT;
		return complain("%s in BTF", function);
	}
	map = bpf(BPF_MAP_CREATE, &map_attr);
	prog = map < 0 ? -1 : load_counter(map, func);
	if (prog < 0)
		return complain("loading the BPF program");
	open_attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &open_attr);
	if (link < 0)
		return complain("attaching the BPF program to %s", function);
	return pin(map, MAP) || pin(link, LINK) ? -1 : 0;
}

/* Closing a link is asynchronous: wait until the entry is a NOP again. */
static int is_detached(const void *function)
{
	static char list[65536];
	struct stat st;
	char word[128];
	size_t len = (size_t)snprintf(word, sizeof(word), "%s ", (const char *)function);

	if (!stat(LINK, &st) || get(TRACEFS "enabled_functions", list, sizeof(list)) < 0)
		return 0;
	return !memmem(list, strlen(list), word, len);
}

static int detach(const struct mechanism *m, const char *function)
{
	(void)m;
	if (unlink(LINK) || unlink(MAP))
		return complain("removing the BPF link");
	return wait_until(is_detached, function, "the BPF program is still there");
}

static long hits(const struct mechanism *m, const char *function)
{
	union bpf_attr get_attr = { .pathname = (uintptr_t)MAP };
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr a = { .key = (uintptr_t)&key, .value = (uintptr_t)&value };
	int fd = bpf(BPF_OBJ_GET, &get_attr), failed;

	(void)m, (void)function;
	a.map_fd = (uint32_t)fd;
	failed = fd < 0 || bpf(BPF_MAP_LOOKUP_ELEM, &a);
	if (failed)
		complain("reading the BPF map");
	if (fd >= 0)
		close(fd);
	return failed ? -1 : (long)value;
}

const struct mechanism bpf_mechanisms[] = {
	{ "bpf", attach, detach, hits, NULL },
	{ 0 }
};
