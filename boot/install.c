/* SPDX-License-Identifier: GPL-2.0-only */
/* Brings the resident image into memory of its own and starts it. */
#include <efi.h>
#include <efilib.h>
#include "boot/console.h"
#include "boot/cpu_asm.h"
#include "boot/install.h"
#include "boot/launch.h"
#include "boot/layout.h"
#include "boot/paging.h"
#include "boot/platform.h"
#include "boot/switch.h"
#include "boot/uart.h"

#define FOUR_GIB	(1ull << 32)

/*
 * Reserves more than is needed, picks the place where the annex is aligned, and
 * gives the rest back. Returns 0 if there is no such memory.
 */
static uint64_t reserve(const struct layout *l)
{
	uint64_t span = layout_span(l), run, end;
	EFI_PHYSICAL_ADDRESS start = 0;

	if (EFI_ERROR(BS->AllocatePages(AllocateAnyPages, EfiReservedMemoryType,
					EFI_SIZE_TO_PAGES(span), &start)))
		return 0;
	run = layout_place(l, start);
	end = run + l->size;
	/* A part that the firmware does not take back stays reserved, which does no harm. */
	if (run > start)
		BS->FreePages(start, EFI_SIZE_TO_PAGES(run - start));
	if (start + span > end)
		BS->FreePages(end, EFI_SIZE_TO_PAGES(start + span - end));
	return run;
}

/* Pool and annex are left as they are: root mode clears each page of them that it takes. */
static void copy_image(const struct resident_header *h, const struct layout *l, uint64_t phys)
{
	BS->CopyMem((void *)phys, (void *)h, h->file_size);
	BS->SetMem((void *)(phys + h->file_size), l->pool - h->file_size, 0);
}

static void fill_info(struct boot_info *info, const struct conf *conf, const struct cpus *cpus,
		      const struct layout *l, uint64_t phys)
{
	info->phys = phys;
	info->size = l->size;
	info->worlds = l->worlds;
	info->map_tables = l->map_tables;
	info->pool = l->pool;
	info->pool_size = l->pool_size;
	info->annex = l->annex;
	info->leave = (uint64_t)switch_leave;
	info->tsc_start = rdtsc();
	info->tsc_hz = platform_tsc_hz();
	info->tsc_start = rdtsc();
	info->nonce = platform_nonce();
	info->low_ram_top = platform_ram_top(FOUR_GIB);
	info->ram_top = platform_ram_top(~0ull);
	/* Count the run as RAM: the memory map lists it as reserved. */
	if (phys < FOUR_GIB && info->low_ram_top < phys + l->size)
		info->low_ram_top = phys + l->size;
	if (info->ram_top < phys + l->size)
		info->ram_top = phys + l->size;
	info->cpus = cpus->count;
	info->phys_bits = cpus->cpu[0].phys_bits;
	info->serial_speed = conf->serial_speed;
	info->serial_port = conf->serial_port;
	info->log_level = conf->log_level;
	info->cpuid_leaf = conf->cpuid_leaf;
	for (uint32_t i = 0; i < cpus->count; i++)
		info->apic_id[i] = cpus->cpu[i].apic_id;
}

static enum launch_result start(const struct conf *conf, struct cpus *cpus,
				const struct layout *l, uint64_t phys)
{
	const struct resident_header *h = (const void *)cpus->vendor->image;
	struct boot_info *info = (struct boot_info *)(phys + h->boot_info);
	const struct paging_in in = {
		.header = h, .layout = l, .phys = phys,
		.switch_start = (uint64_t)switch_start, .switch_end = (uint64_t)switch_end,
	};
	enum launch_result result;
	EFI_HANDLE serial;

	copy_image(h, l, phys);
	fill_info(info, conf, cpus, l, phys);
	info->cr3 = paging_build(&in, (void *)(phys + l->page_tables));
	if (!info->cr3) {
		refuse(L"root mode's page tables do not fit");
		return LAUNCH_NONE;
	}
	serial = uart_take(conf->serial_port);
	result = launch_all(cpus, info, RESIDENT_VA + h->entry, h->world_size);
	if (result != LAUNCH_ALL)
		uart_give_back(serial);
	return result;
}

bool install(const struct conf *conf, struct cpus *cpus, struct installed *out)
{
	const struct vendor *v = cpus->vendor;
	const struct resident_header *h = (const void *)v->image;
	const char *wrong = layout_check(h, (uint64_t)(v->image_end - v->image));
	struct layout l;
	enum launch_result result;

	if (!wrong)
		wrong = layout_plan(h, cpus->count, cpus->cpu[0].phys_bits, v->view_bits, &l);
	if (wrong)
		return refuse(L"%a", wrong);
	out->size = l.size;
	out->phys = reserve(&l);
	if (!out->phys)
		return refuse(L"the firmware has no %d KiB of memory in one piece",
			      (UINT32)(layout_span(&l) / 1024));
	result = start(conf, cpus, &l, out->phys);
	if (result == LAUNCH_NONE)
		BS->FreePages(out->phys, EFI_SIZE_TO_PAGES(l.size));
	return result == LAUNCH_ALL;
}
