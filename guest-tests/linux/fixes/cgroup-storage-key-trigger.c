/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks the keys of a cgroup storage map with one entry; what comes after the last?
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_CGROUP_STORAGE,
		.key_size = sizeof(struct bpf_cgroup_storage_key),
		.value_size = 8,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

/* A filter of packets that looks into the map and lets all pass. */
static int make_program(int map)
{
	struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_local_storage },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SKB,
		.expected_attach_type = BPF_CGROUP_INET_EGRESS,
		.insns = (uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int cmd, int cgroup, int program)
{
	union bpf_attr attr = {
		.target_fd = cgroup,
		.attach_bpf_fd = program,
		.attach_type = BPF_CGROUP_INET_EGRESS,
	};

	return bpf(cmd, &attr);
}

static int next_key(int map, const void *key, void *next)
{
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)key,
		.next_key = (uintptr_t)next,
	};

	return bpf(BPF_MAP_GET_NEXT_KEY, &attr);
}

int main(void)
{
	struct bpf_cgroup_storage_key key = { 0 }, next = { 0 };
	int map = make_map(), program = make_program(map), cgroup;

	mkdir("/tmp/cgroup", 0755);
	if (mount("none", "/tmp/cgroup", "cgroup2", 0, NULL) && errno != EBUSY)
		perror("broken: cgroup2");
	mkdir("/tmp/cgroup/fix", 0755);
	cgroup = open("/tmp/cgroup/fix", O_RDONLY | O_DIRECTORY);
	if (map < 0 || program < 0 || attach(BPF_PROG_ATTACH, cgroup, program) ||
	    next_key(map, NULL, &key)) {
		printf("broken: map %d program %d: %s\n", map, program, strerror(errno));
		return 1;
	}
	if (!next_key(map, &key, &next))
		printf("old: after the last key comes %#llx %#x, kernel memory\n",
		       (unsigned long long)next.cgroup_inode_id, next.attach_type);
	else if (errno == ENOENT)
		printf("fixed: after the last key comes none\n");
	else
		printf("broken: %s\n", strerror(errno));
	attach(BPF_PROG_DETACH, cgroup, program);
	close(cgroup);
	rmdir("/tmp/cgroup/fix");
	umount("/tmp/cgroup");
	return 0;
}
