/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-98373: "mm/hugetlb: preserve mremap address delta when skipping page tables".
 * Where the old mapping has no page table the walk skipped to the end of the 1 GiB that
 * a table maps, in the old and in the new addresses alike; if these differ in their
 * place within 1 GiB, what came behind was moved to wrong addresses. The new function
 * skips the same distance in both.
 */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>
#include <asm/tlbflush.h>

/* asm/tlbflush.h keeps it from modules, and asm/tlb.h calls it. */
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			unsigned int stride_shift, bool freed_tables);

#include <asm/tlb.h>
#include <subtext.h>

struct move {
	struct vm_area_struct *vma, *new_vma;
	struct hstate *h;
	struct mmu_gather tlb;
};

static void move_entry(struct move *m, unsigned long from, unsigned long to, pte_t *src,
		       pte_t *dst)
{
	struct mm_struct *mm = m->vma->vm_mm;
	spinlock_t *dst_lock = huge_pte_lock(m->h, mm, dst);
	spinlock_t *src_lock = huge_pte_lockptr(m->h, mm, src);

	if (src_lock != dst_lock)
		spin_lock_nested(src_lock, SINGLE_DEPTH_NESTING);
	set_huge_pte_at(mm, to, dst, huge_ptep_get_and_clear(mm, from, src));
	if (src_lock != dst_lock)
		spin_unlock(src_lock);
	spin_unlock(dst_lock);
}

/* Moves [@from, @end) to @to; returns where it ended, before @end if memory did not do. */
static unsigned long move_entries(struct move *m, unsigned long from, unsigned long end,
				  unsigned long to)
{
	unsigned long size = huge_page_size(m->h), last = hugetlb_mask_last_page(m->h), skip;
	struct mm_struct *mm = m->vma->vm_mm;
	pte_t *src, *dst;

	for (; from < end; from += size, to += size) {
		skip = (from | last) - from;
		src = huge_pte_offset(mm, from, size);
		if (src && huge_pte_none(huge_ptep_get(src)))
			continue;
		if (!src || huge_pmd_unshare(&m->tlb, m->vma, from, src)) {
			from += skip;
			to += skip;
			continue;
		}
		dst = huge_pte_alloc(mm, m->new_vma, to, size);
		if (!dst)
			break;
		move_entry(m, from, to, src, dst);
		tlb_remove_huge_tlb_entry(m->h, &m->tlb, src, from);
	}
	return from;
}

static int move_hugetlb_page_tables_fixed(struct vm_area_struct *vma,
					  struct vm_area_struct *new_vma, unsigned long old_addr,
					  unsigned long new_addr, unsigned long len)
{
	struct address_space *mapping = vma->vm_file->f_mapping;
	struct move m = { .vma = vma, .new_vma = new_vma, .h = hstate_vma(vma) };
	unsigned long end = old_addr + len, moved_to;
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma, vma->vm_mm, old_addr, end);
	adjust_range_if_pmd_sharing_possible(vma, &range.start, &range.end);
	tlb_gather_mmu_vma(&m.tlb, vma);
	mmu_notifier_invalidate_range_start(&range);
	hugetlb_vma_lock_write(vma);
	i_mmap_lock_write(mapping);	/* against truncation */

	moved_to = move_entries(&m, old_addr, end, new_addr);

	tlb_flush_mmu_tlbonly(&m.tlb);
	huge_pmd_unshare_flush(&m.tlb, vma);
	mmu_notifier_invalidate_range_end(&range);
	i_mmap_unlock_write(mapping);
	hugetlb_vma_unlock_write(vma);
	tlb_finish_mmu(&m.tlb);
	return len + moved_to - end;
}
SUBTEXT_REPLACE(move_hugetlb_page_tables, move_hugetlb_page_tables_fixed);
