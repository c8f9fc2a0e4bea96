/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The patch file as it lies on disk and on the wire. The specification is
 * docs/patch-format.md; host tool and hypervisor share this header and patch.c.
 * All integers are little endian; all tables are naturally aligned.
 */
#ifndef WIRE_PATCH_H
#define WIRE_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATCH_MAGIC		"SUBTEXT"	/* with its NUL: 8 bytes */
#define PATCH_VERSION		1
#define PATCH_NAME_LEN		64
#define PATCH_BUILD_ID_MAX	32
#define PATCH_MAX_FILE		(512u << 10)
#define PATCH_MAX_SITES		2048u
#define PATCH_MAX_FIXUPS	16384u
#define PATCH_MAX_TEXT		(256u << 10)
#define PATCH_MAX_DATA		(256u << 10)
#define PATCH_MAX_SIGNATURE	512u
#define PATCH_WINDOW_MAX	7u
#define PATCH_JUMP_LEN		5u
#define PATCH_MAX_BODY		(64u << 10)	/* bytes of a replaced function */

/* A run of bytes inside the file. An absent part has offset and size zero. */
struct patch_span {
	uint32_t offset;	/* from the start of the file, 8-byte aligned */
	uint32_t size;		/* in bytes */
};

struct patch_header {
	char magic[8];
	uint16_t version;
	uint16_t header_size;		/* sizeof(struct patch_header) */
	uint32_t file_size;		/* the whole file, signature included */
	uint32_t flags;			/* must be zero in version 1 */
	uint32_t crc;			/* CRC-32 of the file, this field taken as zero */
	uint8_t id[32];			/* SHA-256 without signature, crc and id as zero */
	char name[PATCH_NAME_LEN];	/* printable ASCII without spaces, NUL padded, not empty */
	uint64_t anchor;		/* link-time address of the symbol IA32_LSTAR points to */
	uint64_t build_id_addr;		/* link-time address of the build-id's bytes */
	uint32_t build_id_len;		/* 1 ... PATCH_BUILD_ID_MAX */
	uint32_t data_mem;		/* size of data in memory, >= data.size; rest zero */
	uint8_t build_id[PATCH_BUILD_ID_MAX];
	/* The parts, in the order they have in the file. */
	struct patch_span text;		/* payload text, position: annex, page aligned */
	struct patch_span data;		/* payload data, initialised part */
	struct patch_span sites;	/* array of struct patch_site, at least one */
	struct patch_span fixups;	/* array of struct patch_fixup */
	struct patch_span strings;	/* NUL-terminated names; first and last byte are NUL */
	struct patch_span meta;		/* UTF-8 text for people; root mode does not read it */
	struct patch_span signature;	/* last in the file; empty in version 1 files without one */
	struct patch_span bodies;	/* replaced functions, see patch_body(); between meta and signature */
	uint8_t reserved[8];		/* zero */
};

_Static_assert(sizeof(struct patch_header) == 248, "patch header layout");

enum patch_target {
	PATCH_TARGET_TEXT,	/* target is an offset into the payload text */
	PATCH_TARGET_KERNEL,	/* target is a link-time address of the kernel (redirect) */
	PATCH_TARGET_ABSOLUTE,	/* target is an address as it is in the guest (a module's) */
};

enum patch_place {
	PATCH_PLACE_KERNEL,	/* addr is a link-time address; the slide is added */
	PATCH_PLACE_ABSOLUTE,	/* addr is an address as it is in the guest */
};

/* The NOP that the kernel's tracer has at a function's entry. */
extern const uint8_t patch_nop5[PATCH_JUMP_LEN];

enum patch_site_flags {
	PATCH_SITE_FENTRY = 1,	/* expect is the NOP of -mfentry; the guest may have a call there */
};

/* One function entry to be rewritten by a 5-byte jump. */
struct patch_site {
	uint64_t addr;			/* first byte of the window */
	uint64_t target;		/* meaning: enum patch_target */
	uint8_t expect[PATCH_WINDOW_MAX];/* bytes found there now; expect[len...] zero */
	uint8_t flags;			/* enum patch_site_flags */
	uint32_t name;			/* offset of the function's name in strings */
	uint8_t target_kind;		/* enum patch_target */
	uint8_t place;			/* enum patch_place */
	uint8_t len;			/* window length: PATCH_JUMP_LEN */
	uint8_t insn_len;		/* length of the one instruction the window starts at */
};

_Static_assert(sizeof(struct patch_site) == 32, "patch site layout");

enum patch_fixup_type {
	PATCH_FIXUP_ABS64,	/* 64-bit value */
	PATCH_FIXUP_ABS32S,	/* value must fit a sign-extended 32-bit field */
	PATCH_FIXUP_ABS32,	/* value must fit a zero-extended 32-bit field */
	PATCH_FIXUP_PC32,	/* value minus address of the field, signed 32 bit */
	PATCH_FIXUP_PC64,	/* value minus address of the field, 64 bit */
};

enum patch_fixup_base {
	PATCH_BASE_KERNEL,	/* value is link-time address plus addend; the slide is added */
	PATCH_BASE_TEXT,	/* value is offset plus addend into the payload text */
	PATCH_BASE_DATA,	/* value is offset plus addend into the payload data */
	PATCH_BASE_ABSOLUTE,	/* value as it is */
};

struct patch_fixup {
	int64_t value;		/* symbol plus addend, meaning: enum patch_fixup_base */
	uint32_t offset;	/* place of the field in the section that in_data names */
	uint8_t type;		/* enum patch_fixup_type */
	uint8_t base;		/* enum patch_fixup_base */
	uint8_t in_data;	/* 0: field lies in text, 1: in data (initialised part) */
	uint8_t reserved;	/* zero */
};

_Static_assert(sizeof(struct patch_fixup) == 16, "patch fixup layout");

/* An instruction of a replaced function. */
struct patch_insn {
	uint8_t len;			/* 1 ... 15; 0 behind the last one */
	uint8_t first;			/* its first byte; PATCH_INSN_ANY: the kernel itself changes it */
};

#define PATCH_INSN_ANY		0xccu
#define PATCH_INSN_MAX		15u

/* A checked patch file: pointers into the caller's buffer, which must outlive it. */
struct patch {
	const struct patch_header *header;
	const uint8_t *text, *data;
	const struct patch_site *sites;
	const struct patch_fixup *fixups;
	const char *strings;
	const char *meta;
	const uint32_t *bodies;		/* offset of the list of each site, 0: none; NULL: no part */
	unsigned int nsites, nfixups;
};

/* Why a file is refused: the field as docs/patch-format.md spells it, and what is wrong. */
struct patch_error {
	const char *field;	/* for example "sites.expect" */
	const char *what;	/* for example "out of range" */
	uint32_t index;		/* which record, for the table fields; else 0 */
};

/**
 * patch_parse - check a patch file and give access to its parts
 * @buf: the file, 8-byte aligned; not changed
 * @len: its length in bytes, any value
 * @out: filled on success
 * @err: filled on failure
 *
 * Checks every field, range, alignment, overlap and, last, the CRC; does not check the
 * id (SHA-256) nor the signature, and not whether windows or fixups overlap.
 * Any context, no locks. Returns 0 or -1.
 */
int patch_parse(const void *buf, size_t len, struct patch *out, struct patch_error *err);

/* Name of a site's function. @i < nsites. Visible ASCII, never empty: patch_parse() checked it. */
const char *patch_site_name(const struct patch *p, unsigned int i);

/*
 * The instructions of the function a site replaces, from the window on, ended by one of length
 * 0; NULL if the file does not list them. @i < nsites.
 */
const struct patch_insn *patch_body(const struct patch *p, unsigned int i);

/* CRC-32 of a patch file as the header wants it: crc taken as zero. @len >= sizeof header. */
uint32_t patch_crc(const void *buf, size_t len);

#endif
