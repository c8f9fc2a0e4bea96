/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-52923: "ipc: limit next_id allocation to the valid ID range".
 * With kernel.msg_next_id (and its like) the search for a free index had no upper
 * end: an index past the last valid one spilled into the sequence number, and the
 * identifier named another object. The new function bounds the search.
 */
#include <linux/cred.h>
#include <linux/idr.h>
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/rhashtable.h>
#include <linux/user_namespace.h>
#include <subtext.h>

extern int ipc_mni, ipc_mni_shift, ipc_min_cycle;
int ipc_addid(struct ipc_ids *ids, struct kern_ipc_perm *new, int limit);

/* As the table was made. */
static const struct rhashtable_params by_key = {
	.head_offset = offsetof(struct kern_ipc_perm, khtnode),
	.key_offset = offsetof(struct kern_ipc_perm, key),
	.key_len = sizeof_field(struct kern_ipc_perm, key),
	.automatic_shrinking = true,
};

/* The next index in a circle; the sequence number steps at its end. */
static int next_index(struct ipc_ids *ids, struct kern_ipc_perm *new)
{
	int end = min(max(ids->in_use * 3 / 2, ipc_min_cycle), ipc_mni);
	int idx = idr_alloc_cyclic(&ids->ipcs_idr, NULL, 0, end, GFP_NOWAIT);

	if (idx < 0)
		return idx;
	if (idx <= ids->last_idx && ++ids->seq >= (INT_MAX >> ipc_mni_shift))
		ids->seq = 0;
	ids->last_idx = idx;
	new->seq = ids->seq;
	idr_replace(&ids->ipcs_idr, new, idx);
	return idx;
}

static int take_index(struct ipc_ids *ids, struct kern_ipc_perm *new)
{
	int wanted = ids->next_id;
	int idx;

	ids->next_id = -1;
	if (wanted < 0) {
		idx = next_index(ids, new);
	} else {
		new->seq = wanted >> ipc_mni_shift;
		idx = idr_alloc(&ids->ipcs_idr, new, wanted & ((1 << ipc_mni_shift) - 1),
				ipc_mni, GFP_NOWAIT);
	}
	if (idx >= 0)
		new->id = (new->seq << ipc_mni_shift) + idx;
	return idx;
}

/* Called with ids->rwsem held for writing; on success @new is locked, under RCU. */
static int ipc_addid_fixed(struct ipc_ids *ids, struct kern_ipc_perm *new, int limit)
{
	int idx, err;

	refcount_set(&new->refcount, 1);
	if (ids->in_use >= min(limit, ipc_mni))
		return -ENOSPC;

	idr_preload(GFP_KERNEL);
	spin_lock_init(&new->lock);
	rcu_read_lock();
	spin_lock(&new->lock);
	current_euid_egid(&new->cuid, &new->cgid);
	new->uid = new->cuid;
	new->gid = new->cgid;
	new->deleted = false;
	idx = take_index(ids, new);
	idr_preload_end();

	if (idx >= 0 && new->key != IPC_PRIVATE) {
		err = rhashtable_insert_fast(&ids->key_ht, &new->khtnode, by_key);
		if (err < 0) {
			idr_remove(&ids->ipcs_idr, idx);
			idx = err;
		}
	}
	if (idx < 0) {
		new->deleted = true;
		spin_unlock(&new->lock);
		rcu_read_unlock();
		return idx;
	}
	ids->in_use++;
	ids->max_idx = max(ids->max_idx, idx);
	return idx;
}
SUBTEXT_REPLACE(ipc_addid, ipc_addid_fixed);
