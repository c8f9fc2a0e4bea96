/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views as EPT paging structures. A table's owner count is the number of entries
 * that point to it; a table with more than one owner is never written, so that
 * walks of other views need no lock. SDM 3C, "The Extended Page Table Mechanism".
 */
#include "vmm/mem/mtrr.h"
#include "vmm/mem/pool.h"
#include "vmm/spin.h"
#include "vmm/vmx/ept.h"
#include "patcher/wire/mem.h"

#define ENTRIES		512u
#define LEVELS		4u		/* level 4 is the root, level 1 holds 4 KiB pages */

#define EPT_RIGHTS	((uint64_t)EPT_RWX)
#define EPT_TYPE_SHIFT	3
#define EPT_TYPE	(7ull << EPT_TYPE_SHIFT)
#define EPT_LARGE	(1ull << 7)
#define EPT_ADDR	0x000ffffffffff000ull

#define EPTP_WALK_LENGTH	((uint64_t)(LEVELS - 1) << 3)

/* Orders all changes of counts in trees against each other; taken before the pool's lock. */
static struct spin tree_lock;

/* log2 of what one entry of a table at @level covers */
static unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static unsigned int entry_index(uint64_t gpa, unsigned int level)
{
	return (gpa >> level_shift(level)) & (ENTRIES - 1);
}

static bool is_table(uint64_t entry, unsigned int level)
{
	return level > 1 && (entry & EPT_RIGHTS) && !(entry & EPT_LARGE);
}

static uint64_t make_leaf(uint64_t hpa, unsigned int rights, unsigned int type, unsigned int level)
{
	return hpa | rights | (uint64_t)type << EPT_TYPE_SHIFT | (level > 1 ? EPT_LARGE : 0);
}

static uint64_t make_table(uint64_t hpa)
{
	return hpa | EPT_RWX;
}

/*
 * A CPU may be walking this table: it sees the old entry or the new one, and with the new one the
 * table below. Pairs with get_entry() and with the walks of hardware.
 */
static void set_entry(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* Pairs with set_entry(). */
static uint64_t get_entry(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* Drops an owner of a table and, with the last one, of all tables below it. Tree lock held. */
static void drop_table(uint64_t hpa, unsigned int level)
{
	uint64_t *table = pool_va(hpa);

	/* With other owners left the table stays as it is, and so do its children. */
	if (pool_count(hpa) == 1 && level > 1) {
		for (unsigned int i = 0; i < ENTRIES; i++)
			if (is_table(table[i], level))
				drop_table(table[i] & EPT_ADDR, level - 1);
	}
	pool_put(hpa);
}

/* Fills a table at @level so that it translates just as the large page @entry one level up does. */
static void fill_split(uint64_t *table, uint64_t entry, unsigned int level)
{
	unsigned int type = (entry & EPT_TYPE) >> EPT_TYPE_SHIFT;

	for (uint64_t i = 0; i < ENTRIES; i++)
		table[i] = make_leaf((entry & EPT_ADDR) + (i << level_shift(level)),
				     entry & EPT_RIGHTS, type, level);
}

/* Copies a table of a view and adds an owner to each table below it. Tree lock held. */
static void copy_table(uint64_t *table, uint64_t from, unsigned int level)
{
	memcpy(table, pool_va(from), PAGE_SIZE);
	for (unsigned int i = 0; level > 1 && i < ENTRIES; i++)
		if (is_table(table[i], level))
			pool_get(table[i] & EPT_ADDR);
}

/* Takes a page for a table, from the overlay @o or, without one, from the pool. 0 if none is left. */
static uint64_t new_table(struct overlay *o)
{
	if (!o)
		return pool_alloc(1);
	return o->used < o->pages ? o->hpa + o->used++ * PAGE_SIZE : 0;
}

/* Does the table at @hpa belong to the overlay or, without one, to a single view? */
static bool is_owned(const struct overlay *o, uint64_t hpa)
{
	return o ? hpa - o->hpa < o->used * PAGE_SIZE : pool_count(hpa) == 1;
}

/**
 * own_table - make sure that only this tree, a view's or an overlay's, has the table below *@entry
 * @o: the overlay; NULL for a view's tree, and then the tree lock is held
 * @level: of the table below; *@entry is in a table that this tree owns alone
 *
 * Copies a shared table, splits a large page. Returns the table's address, 0 if no page is left:
 * then *@entry is as before. An overlay owns nothing of what it copies from its base.
 */
static uint64_t own_table(struct overlay *o, uint64_t *entry, unsigned int level)
{
	uint64_t old = *entry, from = old & EPT_ADDR, hpa;
	bool table = is_table(old, level + 1);

	if (table && is_owned(o, from))
		return from;
	hpa = new_table(o);
	if (!hpa)
		return 0;
	if (!table) {
		fill_split(pool_va(hpa), old, level);
	} else if (o) {
		memcpy(pool_va(hpa), pool_va(from), PAGE_SIZE);
	} else {
		copy_table(pool_va(hpa), from, level);
		pool_put(from);
	}
	set_entry(entry, make_table(hpa));
	return hpa;
}

/* Fills one entry of a new identity tree; false if the pool is empty. */
static bool fill_entry(uint64_t *entry, uint64_t gpa, unsigned int level, uint64_t end,
		       const struct mtrr_map *types)
{
	uint64_t size = 1ull << level_shift(level);
	enum memory_type type;
	uint64_t hpa, *table;

	/* The legacy ranges below 2 MiB are 4 KiB pages; no leaf is larger than 1 GiB. */
	if (level < LEVELS && (level == 1 || gpa >= 2ull << 20) &&
	    mtrr_uniform(types, gpa, size, &type)) {
		*entry = make_leaf(gpa, EPT_RWX, type, level);
		return true;
	}
	hpa = level > 1 ? pool_alloc(1) : 0;
	if (!hpa)
		return false;
	*entry = make_table(hpa);
	table = pool_va(hpa);
	size >>= 9;
	for (unsigned int i = 0; i < ENTRIES && gpa < end; i++, gpa += size)
		if (!fill_entry(&table[i], gpa, level - 1, end, types))
			return false;
	return true;
}

view_t view_identity(unsigned int phys_bits, const struct mtrr_map *types)
{
	uint64_t end = 1ull << (phys_bits < VIEW_GPA_BITS ? phys_bits : VIEW_GPA_BITS), root = 0;

	if (phys_bits < 32 || phys_bits > 52)
		return 0;
	/* the root as the one entry of a table above it */
	if (fill_entry(&root, 0, LEVELS + 1, end, types))
		return root & EPT_ADDR;
	view_put(root & EPT_ADDR);
	return 0;
}

view_t view_fork(view_t base)
{
	view_t copy = pool_va(base) ? pool_alloc(1) : 0;

	if (!copy)
		return 0;
	spin_lock(&tree_lock);
	copy_table(pool_va(copy), base, LEVELS);
	spin_unlock(&tree_lock);
	return copy;
}

void overlay_reset(struct overlay *o, view_t base)
{
	memcpy(pool_va(o->hpa), pool_va(base), PAGE_SIZE);
	o->used = 1;
}

/* Walks to the leaf of @gpa through tables of @root's own: an overlay's, or else under the tree lock. */
static int map_leaf(uint64_t root, struct overlay *o, uint64_t gpa, uint64_t hpa,
		    unsigned int rights)
{
	uint64_t *entry = (uint64_t *)pool_va(root) + entry_index(gpa, LEVELS);

	for (unsigned int level = LEVELS - 1; level; level--) {
		uint64_t table;

		/* Beyond the physical addresses: the guest's own walk faults there. */
		if (!(*entry & EPT_RIGHTS))
			return -2;
		table = own_table(o, entry, level);
		if (!table)
			return -1;
		entry = (uint64_t *)pool_va(table) + entry_index(gpa, level);
	}
	/* The type outlives "not present"; hardware ignores all other bits of such an entry. */
	set_entry(entry, make_leaf(rights ? hpa : 0, rights,
				   (*entry & EPT_TYPE) >> EPT_TYPE_SHIFT, 1));
	return 0;
}

int ept_map(view_t view, uint64_t gpa, uint64_t hpa, unsigned int rights)
{
	int ret;

	if ((gpa | hpa) & ~EPT_ADDR || gpa >> VIEW_GPA_BITS || !pool_va(view) ||
	    rights > EPT_RWX || (rights & (EPT_R | EPT_W)) == EPT_W)
		return -2;
	spin_lock(&tree_lock);
	ret = map_leaf(view, NULL, gpa, hpa, rights);
	spin_unlock(&tree_lock);
	return ret;
}

int ept_overlay_map(struct overlay *o, uint64_t gpa, uint64_t hpa, unsigned int rights)
{
	return map_leaf(o->hpa, o, gpa, hpa, rights);
}

unsigned int ept_lookup(view_t view, uint64_t gpa, uint64_t *hpa, unsigned int *type)
{
	const uint64_t *table = pool_va(view);
	unsigned int level = LEVELS;
	uint64_t entry = 0;

	if (gpa >> VIEW_GPA_BITS)
		return 0;
	for (; table; level--) {
		entry = get_entry(&table[entry_index(gpa, level)]);
		if (!is_table(entry, level))
			break;
		table = pool_va(entry & EPT_ADDR);
	}
	if (!(entry & EPT_RIGHTS))
		return 0;
	if (hpa)
		*hpa = (entry & EPT_ADDR) | (gpa & ((1ull << level_shift(level)) - 1));
	if (type)
		*type = (entry & EPT_TYPE) >> EPT_TYPE_SHIFT;
	return entry & EPT_RIGHTS;
}

void view_put(view_t view)
{
	if (!pool_va(view))
		return;
	spin_lock(&tree_lock);
	drop_table(view, LEVELS);
	spin_unlock(&tree_lock);
}

uint64_t ept_pointer(view_t view)
{
	return view | EPTP_WALK_LENGTH | MT_WB;
}
