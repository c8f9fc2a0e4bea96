/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-45838: "bpf: fix end-of-list detection in cgroup_storage_get_next_key()".
 * The entry after the last of a circular list is never NULL: asked for the key after
 * the last one, the map answered with bytes of its own structure taken for a key,
 * kernel memory in user space. The new function, called through the map's operations,
 * sees the head of the list for what it is.
 */
#include <linux/bpf.h>
#include <linux/bpf-cgroup.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <subtext.h>

/* What comes first in the map, which kernel/bpf/local_storage.c keeps to itself. */
struct bpf_cgroup_storage_map {
	struct bpf_map map;
	spinlock_t lock;
	struct rb_root root;
	struct list_head list;
};

struct bpf_cgroup_storage *cgroup_storage_lookup(struct bpf_cgroup_storage_map *map, void *key,
						 bool locked);
int cgroup_storage_get_next_key(struct bpf_map *map, void *key, void *next);

/* The entry after that of @key, the first for none, NULL at the end. */
static struct bpf_cgroup_storage *entry_after(struct bpf_cgroup_storage_map *map, void *key)
{
	struct bpf_cgroup_storage *storage;

	if (!key)
		return list_first_entry_or_null(&map->list, struct bpf_cgroup_storage, list_map);
	storage = cgroup_storage_lookup(map, key, true);
	if (!storage || list_is_last(&storage->list_map, &map->list))
		return NULL;
	return list_next_entry(storage, list_map);
}

static int cgroup_storage_get_next_key_fixed(struct bpf_map *bpf_map, void *key, void *next)
{
	struct bpf_cgroup_storage_map *map =
		container_of(bpf_map, struct bpf_cgroup_storage_map, map);
	struct bpf_cgroup_storage *storage;

	spin_lock_bh(&map->lock);
	storage = entry_after(map, key);
	spin_unlock_bh(&map->lock);
	if (!storage)
		return -ENOENT;

	if (map->map.key_size == sizeof(struct bpf_cgroup_storage_key))
		*(struct bpf_cgroup_storage_key *)next = storage->key;
	else
		*(u64 *)next = storage->key.cgroup_inode_id;
	return 0;
}
SUBTEXT_REPLACE(cgroup_storage_get_next_key, cgroup_storage_get_next_key_fixed);
