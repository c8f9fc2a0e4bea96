/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts about the machine that only the loader can find out, while the firmware runs. */
#include <efi.h>
#include <efilib.h>
#include "boot/cpu_asm.h"
#include "boot/platform.h"

#define LEAF1_ECX_RDRAND	(1u << 30)
#define MEASURE_US		10000u

/* SDM 3B, "Determining the Processor Base Frequency"; 0 if the CPU does not say. */
static uint64_t tsc_hz_by_cpuid(void)
{
	struct cpuid r;

	if (cpuid(0, 0).eax < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	if (!r.eax || !r.ebx || !r.ecx)
		return 0;
	return (uint64_t)r.ecx * r.ebx / r.eax;
}

uint64_t platform_tsc_hz(void)
{
	uint64_t hz = tsc_hz_by_cpuid(), start, ticks;
	EFI_TPL old;

	if (hz)
		return hz;
	/* At this level no timer interrupt comes in between. */
	old = BS->RaiseTPL(TPL_HIGH_LEVEL);
	start = rdtsc();
	BS->Stall(MEASURE_US);
	ticks = rdtsc() - start;
	BS->RestoreTPL(old);
	return ticks * (1000000 / MEASURE_US);
}

static bool nonce_by_cpu(uint64_t *out)
{
	if (!(cpuid(1, 0).ecx & LEAF1_ECX_RDRAND))
		return false;
	/* SDM 1, "RDRAND": ten tries; more mean that it is broken. */
	for (int i = 0; i < 10; i++)
		if (rdrand(out))
			return true;
	return false;
}

static bool nonce_by_firmware(uint64_t *out)
{
	EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	EFI_RNG_PROTOCOL *rng;

	return !EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&rng)) &&
	       !EFI_ERROR(rng->GetRNG(rng, NULL, sizeof(*out), (UINT8 *)out));
}

uint64_t platform_nonce(void)
{
	EFI_TIME t = { 0 };
	uint64_t nonce;

	if (nonce_by_cpu(&nonce) || nonce_by_firmware(&nonce))
		return nonce;
	if (EFI_ERROR(RT->GetTime(&t, NULL)))
		t.Nanosecond = 0;
	nonce = ((((t.Year * 12ull + t.Month) * 31 + t.Day) * 24 + t.Hour) * 60 + t.Minute) * 60 +
		t.Second;
	/* Spread the few bits that differ (multiplier: 2^64 divided by the golden ratio). */
	return (nonce << 32 ^ t.Nanosecond ^ rdtsc()) * 0x9e3779b97f4a7c15ull;
}

static bool is_ram(UINT32 type)
{
	switch (type) {
	case EfiReservedMemoryType:
	case EfiUnusableMemory:
	case EfiMemoryMappedIO:
	case EfiMemoryMappedIOPortSpace:
	case EfiPalCode:
		return false;
	}
	return true;
}

uint64_t platform_ram_top(uint64_t below)
{
	UINTN count = 0, key, size = 0;
	UINT32 version;
	uint64_t top = 0;
	char *map = (char *)LibMemoryMap(&count, &key, &size, &version);

	for (UINTN i = 0; map && i < count; i++) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(map + i * size);
		uint64_t end = d->PhysicalStart + d->NumberOfPages * EFI_PAGE_SIZE;

		if (is_ram(d->Type) && end > top && d->PhysicalStart < below)
			top = end;
	}
	if (map)
		FreePool(map);
	return top;
}
