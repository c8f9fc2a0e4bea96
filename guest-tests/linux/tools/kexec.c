/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the Linux guest: loads a kernel to go on with, or goes on with the one that was loaded.
 *	kexec load KERNEL INITRD OPTIONS
 *	kexec go
 * By kexec_load(), not kexec_file_load(): that one hashes 80 MB twice, minutes in an emulator.
 * The kernel is entered as Documentation/x86/boot.rst says, "64-bit boot protocol", without EFI.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE		4096ul
#define FILE_MAX	(64ul << 20)

/* Where things go: RAM on any machine that the tests make. */
#define KERNEL_AT	0x1000000ul
#define PARAMS_AT	0x7000000ul
#define OPTIONS_AT	(PARAMS_AT + PAGE)
#define ENTRY_AT	(PARAMS_AT + 2 * PAGE)
#define INITRD_AT	0x8000000ul

/* Offsets in boot_params and, from SETUP_SECTS on, in the kernel's file. */
#define RSDP		0x070
#define EFI_INFO	0x1c0
#define EFI_INFO_SIZE	32
#define SETUP_SECTS	0x1f1
#define HEADER_MAGIC	0x202
#define LOADER_TYPE	0x210
#define CODE_START	0x214
#define RAMDISK		0x218
#define RAMDISK_SIZE	0x21c
#define OPTIONS		0x228
#define HEADER_END	0x290

#define ENTRY_64	0x200	/* from the start of the kernel behind its setup sectors */

struct file {
	unsigned char *data;
	size_t size;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct file read_file(const char *path)
{
	struct file f = { malloc(FILE_MAX + 1), 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (!f.data || fd < 0)
		fail(path);
	while (f.size < FILE_MAX && (n = read(fd, f.data + f.size, FILE_MAX - f.size)) != 0) {
		if (n < 0)
			fail(path);
		f.size += (size_t)n;
	}
	close(fd);
	return f;
}

static void put32(unsigned char *at, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	memcpy(at, &v, sizeof(v));
}

static struct kexec_segment segment(const void *data, size_t size, unsigned long at)
{
	return (struct kexec_segment){
		.buf = data, .bufsz = size,
		.mem = (void *)at, .memsz = (size + PAGE - 1) & ~(PAGE - 1),
	};
}

/* The kernel finds its ACPI tables by EFI, which the next one goes without. */
static uint64_t find_rsdp(void)
{
	struct file systab = read_file("/sys/firmware/efi/systab");
	const char *at;

	systab.data[systab.size] = '\0';
	at = strstr((char *)systab.data, "ACPI20=");
	if (!at)
		fail("no ACPI tables");
	return strtoull(at + strlen("ACPI20="), NULL, 0);
}

/* What the firmware and its boot loader gave to the kernel that runs, with the new one's header. */
static void make_params(unsigned char *params, const struct file *kernel, size_t initrd_size)
{
	struct file running = read_file("/sys/kernel/boot_params/data");
	uint64_t rsdp;

	if (running.size != PAGE)
		fail("boot_params");
	memcpy(params, running.data, PAGE);
	memset(params + SETUP_SECTS, 0, HEADER_END - SETUP_SECTS);
	memcpy(params + SETUP_SECTS, kernel->data + SETUP_SECTS,
	       HEADER_MAGIC + kernel->data[HEADER_MAGIC - 1] - SETUP_SECTS);
	memset(params + EFI_INFO, 0, EFI_INFO_SIZE);
	params[LOADER_TYPE] = 0xff;
	put32(params + CODE_START, KERNEL_AT);
	put32(params + RAMDISK, INITRD_AT);
	put32(params + RAMDISK_SIZE, initrd_size);
	put32(params + OPTIONS, OPTIONS_AT);
	memcpy(&rsdp, params + RSDP, sizeof(rsdp));
	if (!rsdp) {
		rsdp = find_rsdp();
		memcpy(params + RSDP, &rsdp, sizeof(rsdp));
	}
}

/* mov $PARAMS_AT, %rsi; mov $(KERNEL_AT + ENTRY_64), %rax; jmp *%rax */
static void make_entry(unsigned char *code)
{
	code[0] = 0x48;
	code[1] = 0xbe;
	put32(code + 2, PARAMS_AT);
	code[10] = 0x48;
	code[11] = 0xb8;
	put32(code + 12, KERNEL_AT + ENTRY_64);
	code[20] = 0xff;
	code[21] = 0xe0;
}

static void load(const char *kernel_path, const char *initrd_path, const char *options)
{
	static unsigned char pages[3 * PAGE];
	struct file kernel = read_file(kernel_path), initrd = read_file(initrd_path);
	size_t setup = (kernel.data[SETUP_SECTS] + 1ul) * 512;

	if (kernel.size <= setup || memcmp(kernel.data + HEADER_MAGIC, "HdrS", 4))
		fail("not a kernel");
	if (kernel.size - setup > PARAMS_AT - KERNEL_AT || strlen(options) >= PAGE)
		fail("too large");
	make_params(pages, &kernel, initrd.size);
	strcpy((char *)pages + PAGE, options);
	make_entry(pages + 2 * PAGE);

	struct kexec_segment segments[] = {
		segment(kernel.data + setup, kernel.size - setup, KERNEL_AT),
		segment(pages, sizeof(pages), PARAMS_AT),
		segment(initrd.data, initrd.size, INITRD_AT),
	};

	if (syscall(SYS_kexec_load, ENTRY_AT, 3ul, segments, KEXEC_ARCH_X86_64))
		fail("kexec_load");
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "load")) {
		load(argv[2], argv[3], argv[4]);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "go")) {
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
		fail("kexec");
	}
	fputs("usage: kexec load KERNEL INITRD OPTIONS | kexec go\n", stderr);
	return 2;
}
