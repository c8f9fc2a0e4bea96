/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's serial port as the guest sees it, and string I/O across pages. */
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/paging.h"
#include "guest-tests/guest/kernel/privileged.h"
#include "guest-tests/guest/kernel/x86.h"

#define PF	14

struct string_io {
	uint16_t port;
	uint8_t *at;
	uint64_t count;
	uint64_t left;			/* out: RCX */
	uint8_t *end;			/* out: RDI or RSI */
};

/* After a fault @left and @end say nothing; what is in memory does. */
static void rep_insb(void *arg)
{
	struct string_io *s = arg;

	s->end = s->at;
	s->left = s->count;
	__asm__ volatile("rep insb" : "+D"(s->end), "+c"(s->left) : "d"(s->port) : "memory");
}

static void rep_outsb(void *arg)
{
	struct string_io *s = arg;

	s->end = s->at;
	s->left = s->count;
	__asm__ volatile("rep outsb" : "+S"(s->end), "+c"(s->left) : "d"(s->port) : "memory");
}

static bool all_are(const volatile uint8_t *p, uint8_t value, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

static void reads(void)
{
	uint16_t port, word, before;
	uint32_t dword;

	for (port = COM2; port < COM2 + 8; port++)
		if (inb(port) != 0xff)
			break;
	tap(port == COM2 + 8 ? NULL : "something else", "IN of COM2 reads all ones");
	__asm__ volatile("inw %w1, %w0" : "=a"(word) : "Nd"(COM2));
	__asm__ volatile("inl %w1, %0" : "=a"(dword) : "Nd"(COM2 + 4));
	__asm__ volatile("inw %w1, %w0" : "=a"(before) : "Nd"(COM2 - 1));
	tap(word == 0xffff && dword == 0xffffffff ? NULL : "something else",
	    "wide IN of COM2 reads all ones");
	tap(before >> 8 == 0xff ? NULL : "something else", "IN that overlaps COM2 reads ones there");
}

/* What the host sees on the line afterwards is the script's to judge. */
static void writes(void)
{
	uint16_t port;

	for (port = COM2; port < COM2 + 8; port++)
		outb(port, 0x5a);
	__asm__ volatile("outw %w0, %w1" : : "a"(0x5a5a), "Nd"(COM2));
	__asm__ volatile("outl %0, %w1" : : "a"(0x5a5a5a5a), "Nd"(COM2));
	outb(COM2 + 3, 0x80);
	outb(COM2, 0xff);
	outb(COM2 + 3, 0x03);
	tap(NULL, "OUT to COM2");
}

static void strings(void)
{
	uint8_t *two = paging_window();		/* two pages and a hole */
	struct string_io s = { .port = COM2, .at = two + PAGE_SIZE - 8, .count = 16 };
	struct recovery r = { 0 };
	int got;

	memset(two, 0, 2 * PAGE_SIZE);
	got = try_fault(rep_insb, &s, &r);
	tap(got < 0 && s.left == 0 && s.end == s.at + 16 && all_are(s.at, 0xff, 16) &&
	    all_are(s.at - 8, 0, 8) && all_are(s.at + 16, 0, 8) ? NULL : "wrong bytes",
	    "REP INSB across pages: sixteen bytes of ones");
	s.at = two + 2 * PAGE_SIZE - 8;
	got = try_fault(rep_insb, &s, &r);
	tap(got == PF && r.cr2 == (uint64_t)(two + 2 * PAGE_SIZE) && (r.error & 3) == 2 ? NULL :
	    "no such fault", "REP INSB into a hole: #PF, a write, at the hole");
	tap(all_are(s.at, 0xff, 8) ? NULL : "lost", "REP INSB into a hole: the bytes before are there");
	got = try_fault(rep_outsb, &s, &r);
	tap(got == PF && r.cr2 == (uint64_t)(two + 2 * PAGE_SIZE) && !(r.error & 2) ? NULL :
	    "no such fault", "REP OUTSB out of a hole: #PF, a read, at the hole");
	s.at = (uint8_t *)paging_read_only();
	s.count = 4;
	got = try_fault(rep_insb, &s, &r);
	tap(got == PF && (r.error & 3) == 3 ? NULL : "no such fault",
	    "REP INSB into a read-only page: #PF");
	s.at = (uint8_t *)0x8000000000000000ull;
	got = try_fault(rep_insb, &s, &r);
	tap(got == 13 ? NULL : "no #GP", "REP INSB to an address that is not canonical: #GP");
	s.at = two;
	s.count = 0;
	got = try_fault(rep_insb, &s, &r);
	tap(got < 0 && s.end == two ? NULL : "did something", "REP INSB of no bytes");
}

static void backwards(void)
{
	uint8_t *two = paging_window(), *at = two + 15;
	uint64_t left = 16;

	memset(two, 0, 32);
	__asm__ volatile("std; rep insb; cld" : "+D"(at), "+c"(left) : "d"((uint16_t)COM2)
			 : "memory");
	tap(left == 0 && at == two - 1 && all_are(two, 0xff, 16) && !two[16] ? NULL : "wrong bytes",
	    "REP INSB downwards");
}

void privileged_ports(void)
{
	reads();
	writes();
	strings();
	backwards();
}
