/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EFI stub of the test kernel: loads the kernel ELF that is linked into this
 * application, moves it by the slide asked for, leaves boot services and jumps.
 */
#include <efi.h>
#include <efilib.h>
#include <elf.h>
#include "guest-tests/guest/kernel/boot.h"

#define MIB2		(2ull << 20)
#define PTE_P		1ull
#define PTE_W		2ull
#define PTE_PWT_PCD	0x18ull
#define PTE_PS		0x80ull
#define PTE_NX		(1ull << 63)
#define DEFAULT_SLIDE	(7 * MIB2)
#define LOW_GIB		4

extern const UINT8 kernel_elf[], kernel_elf_end[];

/* Start of the EDK II MP services protocol (PI specification, volume 2). */
typedef struct mp_services {
	EFI_STATUS (EFIAPI *get_number)(struct mp_services *, UINTN *all, UINTN *enabled);
	EFI_STATUS (EFIAPI *get_info)(struct mp_services *, UINTN, void *info);
} MP_SERVICES;

struct cpu_info {
	UINT64 apic_id;
	UINT32 status;		/* bit 0: boot CPU, bit 1: enabled */
	UINT32 location[3];
	UINT8 room[64];
};

static EFI_GUID mp_guid = {
	0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 }
};

static struct guest_boot *boot;

static void __attribute__((noreturn)) fail(const CHAR16 *what, EFI_STATUS st)
{
	Print(L"test-guest: %s: %r\r\n", what, st);
	Exit(st, 0, NULL);
	for (;;)
		;
}

static void *pages(UINTN n, UINT64 below)
{
	EFI_PHYSICAL_ADDRESS at = below - 1;
	EFI_STATUS st = uefi_call_wrapper(BS->AllocatePages, 4, AllocateMaxAddress,
					  EfiLoaderData, n, &at);

	if (EFI_ERROR(st))
		fail(L"no memory", st);
	SetMem((void *)at, n * 4096, 0);
	return (void *)at;
}

static void add_cpu(UINT32 id)
{
	if (boot->cpus < GUEST_MAX_CPUS)
		boot->apic_id[boot->cpus++] = id;
}

/* The boot CPU first, then the others in the firmware's order. */
static void find_cpus(void)
{
	MP_SERVICES *mp;
	struct cpu_info info;
	UINTN all, enabled, i, pass;

	if (EFI_ERROR(uefi_call_wrapper(BS->LocateProtocol, 3, &mp_guid, NULL, (void **)&mp)) ||
	    EFI_ERROR(uefi_call_wrapper(mp->get_number, 3, mp, &all, &enabled))) {
		add_cpu(0);
		return;
	}
	for (pass = 1; pass <= 2; pass++) {
		for (i = 0; i < all; i++) {
			if (EFI_ERROR(uefi_call_wrapper(mp->get_info, 3, mp, i, &info)))
				continue;
			if ((info.status & 2) && (pass == 1) == (info.status & 1))
				add_cpu((UINT32)info.apic_id);
		}
	}
}

static int hex_digit(char c)
{
	c |= 0x20;
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of `slide=0x...` among the load options. */
static UINT64 wanted_slide(void)
{
	const char *s = boot->options;
	UINT64 v = 0;

	while (*s && strncmpa((CHAR8 *)s, (CHAR8 *)"slide=0x", 8))
		s++;
	if (!*s)
		return DEFAULT_SLIDE;
	for (s += 8; hex_digit(*s) >= 0; s++)
		v = v * 16 + (UINT64)hex_digit(*s);
	return v & ~(MIB2 - 1);
}

static void read_options(EFI_LOADED_IMAGE *image)
{
	const CHAR16 *s = image->LoadOptions;
	UINTN i, n = image->LoadOptionsSize / 2;

	for (i = 0; s && i < n && i < sizeof(boot->options) - 1 && s[i]; i++)
		boot->options[i] = (char)s[i];
}

static const Elf64_Phdr *phdrs(void)
{
	return (const void *)(kernel_elf + ((const Elf64_Ehdr *)kernel_elf)->e_phoff);
}

/* Memory the kernel takes, from its link address on, in bytes. */
static UINT64 kernel_size(void)
{
	const Elf64_Ehdr *eh = (const void *)kernel_elf;
	UINT64 end = 0;
	UINTN i;

	for (i = 0; i < eh->e_phnum; i++) {
		const Elf64_Phdr *ph = &phdrs()[i];

		if (ph->p_type == PT_LOAD && ph->p_vaddr + ph->p_memsz - GUEST_LINK_VA > end)
			end = ph->p_vaddr + ph->p_memsz - GUEST_LINK_VA;
	}
	return (end + MIB2 - 1) & ~(MIB2 - 1);
}

static void *at_link(UINT64 vaddr)
{
	return (void *)(boot->phys + (vaddr - GUEST_LINK_VA));
}

static void load_segments(void)
{
	const Elf64_Ehdr *eh = (const void *)kernel_elf;
	UINTN i;

	for (i = 0; i < eh->e_phnum; i++) {
		const Elf64_Phdr *ph = &phdrs()[i];

		if (ph->p_type == PT_LOAD)
			CopyMem(at_link(ph->p_vaddr), (void *)(kernel_elf + ph->p_offset),
				ph->p_filesz);
	}
}

/* The relocations the linker kept (--emit-relocs): only absolute ones feel the slide. */
static void relocate(void)
{
	const Elf64_Ehdr *eh = (const void *)kernel_elf;
	const Elf64_Shdr *sh = (const void *)(kernel_elf + eh->e_shoff);
	UINTN i, j;

	for (i = 0; i < eh->e_shnum; i++) {
		const Elf64_Rela *r = (const void *)(kernel_elf + sh[i].sh_offset);

		if (sh[i].sh_type != SHT_RELA || !(sh[sh[i].sh_info].sh_flags & SHF_ALLOC))
			continue;
		for (j = 0; j < sh[i].sh_size / sizeof(*r); j++) {
			UINT32 type = ELF64_R_TYPE(r[j].r_info);

			if (type == R_X86_64_64)
				*(UINT64 *)at_link(r[j].r_offset) += boot->slide;
			else if (type == R_X86_64_32S)
				*(UINT32 *)at_link(r[j].r_offset) += (UINT32)boot->slide;
			else if (type != R_X86_64_PC32 && type != R_X86_64_PLT32)
				fail(L"relocation of an unknown type", EFI_UNSUPPORTED);
		}
	}
}

static void load_kernel(void)
{
	boot->size = kernel_size();
	boot->slide = wanted_slide();
	boot->phys = (UINT64)pages((boot->size + MIB2) / 4096, 1ull << 32);
	boot->phys = (boot->phys + MIB2 - 1) & ~(MIB2 - 1);
	load_segments();
	relocate();
}

/* Kernel text R-X in its first 2 MiB, data RW-NX after; entries that map nothing stay zero. */
static void map_kernel(UINT64 *pd)
{
	UINT64 first = ((GUEST_LINK_VA + boot->slide) >> 21) & 511, i;

	if (first + boot->size / MIB2 > 512)
		fail(L"slide too large", EFI_INVALID_PARAMETER);
	for (i = 0; i < boot->size / MIB2; i++)
		pd[first + i] = (boot->phys + i * MIB2) | PTE_P | PTE_PS | (i ? PTE_W | PTE_NX : 0);
}

static void map_memory(UINT64 *pdpt, UINT64 flags)
{
	UINT64 i, at;

	for (i = 0; i < LOW_GIB; i++) {
		UINT64 *pd = pages(1, 1ull << 32);
		UINT64 j;

		for (j = 0; j < 512; j++) {
			at = (i << 30) + j * MIB2;
			pd[j] = at | PTE_P | PTE_W | PTE_PS | flags |
				(at >= 0xfec00000 ? PTE_PWT_PCD : 0);
		}
		pdpt[i] = (UINT64)pd | PTE_P | PTE_W;
	}
}

static void make_tables(void)
{
	UINT64 *root = pages(1, 1ull << 32), *low = pages(1, 1ull << 32);
	UINT64 *high_pdpt = pages(1, 1ull << 32), *pd = pages(1, 1ull << 32);
	UINT64 *direct = pages(1, 1ull << 32), *identity = pages(1, 1ull << 32);

	map_kernel(pd);
	map_memory(direct, PTE_NX);
	map_memory(identity, 0);
	high_pdpt[510] = (UINT64)pd | PTE_P | PTE_W;
	root[511] = (UINT64)high_pdpt | PTE_P | PTE_W;
	root[(DIRECT_MAP >> 39) & 511] = (UINT64)direct | PTE_P | PTE_W;
	CopyMem(low, root, 4096);
	low[0] = (UINT64)identity | PTE_P | PTE_W;
	boot->root = (UINT64)root;
	boot->root_low = (UINT64)low;
}

static void note_reserved(EFI_MEMORY_DESCRIPTOR *map, UINTN size, UINTN step)
{
	UINTN i;

	for (i = 0; i + step <= size; i += step) {
		EFI_MEMORY_DESCRIPTOR *d = (void *)((UINT8 *)map + i);

		if (d->Type != EfiReservedMemoryType || boot->nreserved == GUEST_MAX_RESERVED)
			continue;
		boot->reserved[boot->nreserved].base = d->PhysicalStart;
		boot->reserved[boot->nreserved++].size = d->NumberOfPages * 4096;
	}
}

static void leave_boot_services(EFI_HANDLE image)
{
	static UINT8 map[65536] __attribute__((aligned(16)));
	UINTN size, key, step, tries;
	UINT32 version;
	EFI_STATUS st = EFI_SUCCESS;

	for (tries = 0; tries < 4; tries++) {
		size = sizeof(map);
		st = uefi_call_wrapper(BS->GetMemoryMap, 5, &size, (void *)map, &key, &step,
				       &version);
		if (EFI_ERROR(st))
			fail(L"no memory map", st);
		st = uefi_call_wrapper(BS->ExitBootServices, 2, image, key);
		if (!EFI_ERROR(st)) {
			note_reserved((void *)map, size, step);
			return;
		}
	}
	fail(L"cannot leave boot services", st);
}

/* Long mode needs EFER.NXE before tables with NX bits are loaded. */
static void enter_kernel(void)
{
	guest_entry *entry = (void *)(GUEST_LINK_VA + boot->slide);
	UINT32 lo, hi;

	__asm__ volatile("cli; cld");
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0xc0000080));
	__asm__ volatile("wrmsr" : : "a"(lo | (1u << 11)), "d"(hi), "c"(0xc0000080));
	__asm__ volatile("mov %0, %%cr3" : : "r"(boot->root_low) : "memory");
	__asm__ volatile("call *%0" : : "r"(entry), "D"(boot) : "memory");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_LOADED_IMAGE *loaded;
	EFI_STATUS st;

	InitializeLib(image, system);
	st = uefi_call_wrapper(BS->HandleProtocol, 3, image, &LoadedImageProtocol,
			       (void **)&loaded);
	if (EFI_ERROR(st))
		fail(L"no loaded image protocol", st);
	boot = pages(1, 1ull << 32);
	boot->magic = GUEST_MAGIC;
	read_options(loaded);
	find_cpus();
	load_kernel();
	make_tables();
	boot->trampoline = (UINT64)pages(2, 0xa0000);
	leave_boot_services(image);
	enter_kernel();
	return EFI_LOAD_ERROR;
}
