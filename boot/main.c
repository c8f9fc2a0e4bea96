/* SPDX-License-Identifier: GPL-2.0-only */
/* subtext.efi: puts the machine under the hypervisor if it can, then starts the next loader. */
#include <efi.h>
#include <efilib.h>
#include "boot/chain.h"
#include "boot/conf.h"
#include "boot/console.h"
#include "boot/cpus.h"
#include "boot/install.h"
#include "boot/volume.h"

/* Too large for a firmware's stack. */
static struct cpus cpus;
static struct conf conf;

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

static void serial_name(const struct conf *c, CHAR16 *out, UINTN size)
{
	static const struct {
		uint16_t port;
		const CHAR16 *name;
	} names[] = {
		{ 0, L"no console" }, { 0x3f8, L"console on com1" }, { 0x2f8, L"console on com2" },
		{ 0x3e8, L"console on com3" }, { 0x2e8, L"console on com4" },
	};

	for (UINTN i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].port == c->serial_port) {
			SPrint(out, size, L"%s", names[i].name);
			return;
		}
	}
	SPrint(out, size, L"console on port 0x%x", c->serial_port);
}

static void say_running(const struct installed *in)
{
	UINT32 tenths = (UINT32)((in->size * 10 + (1 << 19)) >> 20);
	CHAR16 serial[40];

	serial_name(&conf, serial, sizeof(serial));
	say_plain(L"Subtext %a: %d CPU%s, %d.%d MiB reserved at 0x%lx, %s", SUBTEXT_VERSION,
		  cpus.count, cpus.count == 1 ? L"" : L"s", tenths / 10, tenths % 10, in->phys,
		  serial);
}

static void start_subtext(void)
{
	struct installed in;

	if (!conf.enabled)
		say(L"switched off in subtext.conf; booting without Subtext");
	else if (cpus_check(&cpus) && install(&conf, &cpus, &in))
		say_running(&in);
	else
		say(L"not started: %s; booting without Subtext", refusal());
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_LOADED_IMAGE *self;
	EFI_HANDLE device = NULL;

	InitializeLib(image, table);
	if (!EFI_ERROR(BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&self)))
		device = self->DeviceHandle;
	volume_read_conf(device, &conf);
	start_subtext();
	return chain_next(&conf, image);
}
