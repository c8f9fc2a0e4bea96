/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A "next loader" for the boot tests: says that it runs, what options it was
 * given and what it sees of the machine, leaves boot services and switches the
 * emulator off. With the option word "return" it returns
 * EFI_ABORTED to its caller instead.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/cpu_asm.h"
#include "boot/mp.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

/* What is still in a UART when the machine goes off is lost. */
static void drain(uint16_t port)
{
	for (int i = 0; i < 1000000 && !(inb(port + 5) & 0x40); i++)
		;
}

/* Bochs and QEMU's isa-debug-exit; scripts/emulator sets both up. */
static void switch_off(void)
{
	drain(0x3f8);
	drain(0x2f8);
	for (const char *s = "Shutdown"; *s; s++)
		outb(0x8900, (uint8_t)*s);
}

static void EFIAPI count_ap(void *arg)
{
	__atomic_add_fetch((UINT32 *)arg, 1, __ATOMIC_RELAXED);
}

/* The firmware must still be able to run code on the other CPUs. */
static void say_cpus(void)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp;
	UINT32 count = 1;

	if (!EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&mp)))
		mp->startup_all(mp, count_ap, FALSE, NULL, 10000000, &count, NULL);
	Print(L"next: %d CPUs answer\r\n", count);
}

/* How much the firmware's memory map calls reserved: what was not given back shows. */
static void say_reserved(void)
{
	UINTN count = 0, key, size = 0;
	UINT32 version;
	UINT64 pages = 0;
	char *map = (char *)LibMemoryMap(&count, &key, &size, &version);

	for (UINTN i = 0; map && i < count; i++) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(map + i * size);

		if (d->Type == EfiReservedMemoryType)
			pages += d->NumberOfPages;
	}
	Print(L"next: %ld KiB reserved\r\n", pages * 4);
}

/* A terminal has no way to show them all: what is not ASCII appears as {20AC}. */
static void say_options(const CHAR16 *options, UINT32 size)
{
	Print(L"next: %d bytes of options [", size);
	for (; *options; options++)
		Print(*options < 0x7f ? L"%c" : L"{%04x}", *options);
	Print(L"]\r\n");
}

static void send(const char *s)
{
	for (; *s; s++) {
		drain(0x3f8);
		outb(0x3f8, (uint8_t)*s);
	}
}

/* The firmware restarts all other CPUs here, to park them in memory of their own. */
static void leave_boot_services(EFI_HANDLE image)
{
	UINTN count = 0, key = 0, size = 0;
	UINT32 version;

	LibMemoryMap(&count, &key, &size, &version);
	if (!EFI_ERROR(BS->ExitBootServices(image, key)))
		send("next: boot services are left\r\n");
}

static BOOLEAN has_word(const CHAR16 *s, const CHAR16 *word)
{
	UINTN len = StrLen(word);

	for (; *s; s++)
		if (StrnCmp(s, word, len) == 0)
			return TRUE;
	return FALSE;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_LOADED_IMAGE *self;
	const CHAR16 *options = L"";

	InitializeLib(image, table);
	BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&self);
	if (self->LoadOptions)
		options = self->LoadOptions;
	Print(L"next: runs\r\n");
	say_options(options, self->LoadOptionsSize);
	say_cpus();
	say_reserved();
	Print(L"next: VMX is %s\r\n", cpuid(1, 0).ecx & (1u << 5) ? L"visible" : L"not visible");
	Print(L"next: end\r\n");
	if (has_word(options, L"return"))
		return EFI_ABORTED;
	leave_boot_services(image);
	switch_off();
	return EFI_SUCCESS;
}
