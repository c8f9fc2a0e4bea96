/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Goes before Subtext in the test image, because Bochs gives its firmware no ACPI tables: without
 * them a stock kernel uses one CPU and cannot switch the machine off. Installs tables for the
 * emulated PIIX4 chipset, unless there are some, and starts \EFI\subtext\subtext.efi.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/mp.h"
#include "guest-tests/boot/start_subtext.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

#define MAX_CPUS	64
/* Where OVMF puts the power management registers of the chipset. */
#define PM_BASE		0xb000u
#define SCI		9

struct header {
	char signature[4];
	UINT32 length;
	UINT8 revision, checksum;
	char oem[6], oem_table[8];
	UINT32 oem_revision;
	char creator[4];
	UINT32 creator_revision;
} __attribute__((packed));

/* ACPI specification 6.5, section 5.2.5.3. */
struct rsdp {
	char signature[8];
	UINT8 checksum;
	char oem[6];
	UINT8 revision;
	UINT32 rsdt, length;
	UINT64 xsdt;
	UINT8 extended_checksum, reserved[3];
} __attribute__((packed));

struct xsdt {
	struct header h;
	UINT64 fadt, madt;
} __attribute__((packed));

struct address {
	UINT8 space, bits, offset, access;
	UINT64 address;
} __attribute__((packed));

/* Section 5.2.9, as it was in revision 3. */
struct fadt {
	struct header h;
	UINT32 facs, dsdt;
	UINT8 model, profile;
	UINT16 sci;
	UINT32 smi_command;
	UINT8 acpi_on, acpi_off, s4, pstate;
	UINT32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe[2];
	UINT8 pm1_event_length, pm1_control_length, pm2_length, pm_timer_length;
	UINT8 gpe_length[2], gpe1_base, cstate;
	UINT16 c2_latency, c3_latency, flush_size, flush_stride;
	UINT8 duty_offset, duty_width, day_alarm, month_alarm, century;
	UINT16 boot_architecture;
	UINT8 reserved;
	UINT32 flags;
	struct address reset;
	UINT8 reset_value, reserved2[3];
	UINT64 x_facs, x_dsdt;
	struct address x[8];
} __attribute__((packed));

struct facs {
	char signature[4];
	UINT32 length, rest[14];
} __attribute__((packed));

struct local_apic {
	UINT8 type, length, uid, id;
	UINT32 flags;
} __attribute__((packed));

struct io_apic {
	UINT8 type, length, id, reserved;
	UINT32 address, first;
} __attribute__((packed));

struct override {
	UINT8 type, length, bus, irq;
	UINT32 gsi;
	UINT16 flags;
} __attribute__((packed));

struct madt {
	struct header h;
	UINT32 apic, flags;
	struct io_apic io;
	struct override timer, sci;
	struct local_apic cpu[MAX_CPUS];
} __attribute__((packed));

/*
 * Name (\_S5, Package (4) { 0, 0, 0, 0 })
 * Scope (\_SB) { Device (PCI0) { Name (_HID, EisaId ("PNP0A03")) } }
 */
static const UINT8 aml[] = {
	0x08, '\\', '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00,
	0x10, 0x17, '\\', '_', 'S', 'B', '_',
	0x5b, 0x82, 0x0f, 'P', 'C', 'I', '0',
	0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0a, 0x03,
};

struct dsdt {
	struct header h;
	UINT8 code[sizeof(aml)];
} __attribute__((packed));

struct tables {
	struct facs facs __attribute__((aligned(64)));
	struct rsdp rsdp __attribute__((aligned(16)));
	struct xsdt xsdt;
	struct fadt fadt;
	struct madt madt;
	struct dsdt dsdt;
};

static UINT8 checksum(const void *data, UINTN size)
{
	const UINT8 *p = data;
	UINT8 sum = 0;

	while (size--)
		sum += *p++;
	return (UINT8)-sum;
}

static void begin(struct header *h, const char *signature, UINT8 revision, UINT32 length)
{
	CopyMem(h->signature, signature, 4);
	h->length = length;
	h->revision = revision;
	CopyMem(h->oem, "SUBTXT", 6);
	CopyMem(h->oem_table, "TESTIMG ", 8);
	h->oem_revision = 1;
	CopyMem(h->creator, "SBTX", 4);
	h->creator_revision = 1;
}

static void finish(struct header *h)
{
	h->checksum = checksum(h, h->length);
}

static UINT32 low(const void *p)
{
	return (UINT32)(UINTN)p;
}

static void make_fadt(struct tables *t)
{
	struct fadt *f = &t->fadt;

	begin(&f->h, "FACP", 3, sizeof(*f));
	f->facs = low(&t->facs);
	f->dsdt = low(&t->dsdt);
	f->sci = SCI;
	f->pm1a_event = PM_BASE;
	f->pm1a_control = PM_BASE + 4;
	f->pm_timer = PM_BASE + 8;
	f->pm1_event_length = 4;
	f->pm1_control_length = 2;
	f->pm_timer_length = 4;
	f->c2_latency = f->c3_latency = 0xffff;
	/* Devices of the ISA bus, a keyboard controller. */
	f->boot_architecture = 3;
	/* WBINVD, C1, no fixed buttons, a reset register. */
	f->flags = 1u << 0 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 10;
	/*
	 * Not what resets the machine, the keyboard controller does that: Bochs leaves the PM registers
	 * enabled over a reset, without their address, and OVMF then waits for the timer for ever.
	 * This is PCI 0:1.3, register 0x80.
	 */
	f->reset = (struct address){ 2, 8, 0, 1, 1ull << 32 | 3ull << 16 | 0x80 };
	finish(&f->h);
}

static UINT32 find_cpus(struct local_apic *cpu)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	UINTN total = 1, enabled, i;
	struct mp_processor info;
	struct mp_services *mp = NULL;

	if (!EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&mp)))
		mp->get_number(mp, &total, &enabled);
	for (i = 0; i < total && i < MAX_CPUS; i++) {
		UINT8 id = 0;

		if (mp && !EFI_ERROR(mp->get_info(mp, i, &info)))
			id = (UINT8)info.processor_id;
		cpu[i] = (struct local_apic){ 0, sizeof(cpu[i]), (UINT8)i, id, 1 };
	}
	return (UINT32)i;
}

static void make_madt(struct madt *m)
{
	UINT32 cpus = find_cpus(m->cpu);

	begin(&m->h, "APIC", 3, sizeof(*m) - (MAX_CPUS - cpus) * sizeof(m->cpu[0]));
	m->apic = 0xfee00000;
	m->flags = 1;	/* there is a pair of 8259s too */
	m->io = (struct io_apic){ 1, sizeof(m->io), (UINT8)cpus, 0, 0xfec00000, 0 };
	m->timer = (struct override){ 2, sizeof(m->timer), 0, 0, 2, 0 };
	/* Active high, level. */
	m->sci = (struct override){ 2, sizeof(m->sci), 0, SCI, SCI, 0xd };
	finish(&m->h);
	Print(L"acpi: tables for %d CPUs\r\n", cpus);
}

static void make_rsdp(struct tables *t)
{
	struct rsdp *r = &t->rsdp;

	begin(&t->xsdt.h, "XSDT", 1, sizeof(t->xsdt));
	t->xsdt.fadt = (UINTN)&t->fadt;
	t->xsdt.madt = (UINTN)&t->madt;
	finish(&t->xsdt.h);
	CopyMem(r->signature, "RSD PTR ", 8);
	CopyMem(r->oem, "SUBTXT", 6);
	r->revision = 2;
	r->length = sizeof(*r);
	r->xsdt = (UINTN)&t->xsdt;
	r->checksum = checksum(r, 20);
	r->extended_checksum = checksum(r, sizeof(*r));
}

static void install_tables(void)
{
	EFI_GUID guid = ACPI_20_TABLE_GUID, old = ACPI_TABLE_GUID;
	EFI_PHYSICAL_ADDRESS at = 0xffffffff;
	struct tables *t;
	void *there;

	if (!EFI_ERROR(LibGetSystemConfigurationTable(&guid, &there)) ||
	    !EFI_ERROR(LibGetSystemConfigurationTable(&old, &there)))
		return;
	/* FACS belongs to the firmware too; the rest may be there as well. */
	if (EFI_ERROR(BS->AllocatePages(AllocateMaxAddress, EfiACPIMemoryNVS,
					EFI_SIZE_TO_PAGES(sizeof(*t)), &at)))
		return;
	t = (void *)(UINTN)at;
	ZeroMem(t, sizeof(*t));
	CopyMem(t->facs.signature, "FACS", 4);
	t->facs.length = sizeof(t->facs);
	begin(&t->dsdt.h, "DSDT", 2, sizeof(t->dsdt));
	CopyMem(t->dsdt.code, aml, sizeof(aml));
	finish(&t->dsdt.h);
	make_fadt(t);
	make_madt(&t->madt);
	make_rsdp(t);
	BS->InstallConfigurationTable(&guid, &t->rsdp);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	InitializeLib(image, table);
	install_tables();
	return start_subtext(image);
}
