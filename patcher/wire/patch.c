/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The check of a patch file. It refuses every field that is wrong in itself, and
 * names it, so that the engine may follow every offset and index without a check
 * of its own. docs/patch-format.md has the same rules in words.
 */
#include "patcher/wire/patch.h"
#include "patcher/wire/crc32.h"
#include "patcher/wire/mem.h"

const uint8_t patch_nop5[PATCH_JUMP_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

/*
 * One rule: if not @ok, @err says which field is wrong and why. Rules are chained with &&; the
 * caller sets err->index while it checks a table.
 */
static bool rule(struct patch_error *err, bool ok, const char *field, const char *what)
{
	if (!ok) {
		err->field = field;
		err->what = what;
	}
	return ok;
}

/* Kernel text and data lie in the upper half of the address space. */
static bool kernel_address(uint64_t a)
{
	return a >> 63;
}

static bool all_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i])
			return false;
	return true;
}

/* 1 ... 63 visible ASCII characters, then zeros. */
static bool good_name(const char *name)
{
	size_t n = 0;

	while (n < PATCH_NAME_LEN && name[n] > 0x20 && name[n] < 0x7f)
		n++;
	return n > 0 && n < PATCH_NAME_LEN && all_zero(name + n, PATCH_NAME_LEN - n);
}

/* Checked first: they show that the header is complete. */
static bool check_frame(const struct patch_header *h, size_t len, struct patch_error *err)
{
	return rule(err, len >= sizeof(*h), "file_size", "shorter than the header") &&
	       rule(err, !memcmp(h->magic, PATCH_MAGIC, sizeof(h->magic)), "magic", "no patch") &&
	       rule(err, h->version == PATCH_VERSION, "version", "unknown") &&
	       rule(err, h->header_size == sizeof(*h), "header_size", "not of this version") &&
	       rule(err, h->file_size == len, "file_size", "not the length of the file") &&
	       rule(err, len <= PATCH_MAX_FILE, "file_size", "over the limit");
}

static bool check_header(const struct patch_header *h, struct patch_error *err)
{
	uint32_t n = h->build_id_len;

	return rule(err, !h->flags, "flags", "not zero") &&
	       rule(err, good_name(h->name), "name", "not 1 to 63 visible characters and zeros") &&
	       rule(err, kernel_address(h->anchor), "anchor", "no kernel address") &&
	       rule(err, kernel_address(h->build_id_addr), "build_id_addr", "no kernel address") &&
	       rule(err, n >= 1 && n <= PATCH_BUILD_ID_MAX, "build_id_len", "out of range") &&
	       rule(err, all_zero(h->build_id + n, PATCH_BUILD_ID_MAX - n), "build_id",
		    "padding is not zero") &&
	       rule(err, h->data_mem >= h->data.size && h->data_mem <= PATCH_MAX_DATA, "data_mem",
		    "out of range") &&
	       rule(err, all_zero(h->reserved, sizeof(h->reserved)), "reserved", "not zero");
}

/* The parts in the order they must have in the file. */
static const struct {
	const char *field;
	size_t span;		/* where it is in the header */
	uint32_t unit;		/* the size is a multiple of this */
	uint32_t min, max;	/* in bytes */
} parts[] = {
#define PART(name, unit, min, max) { #name, offsetof(struct patch_header, name), unit, min, max }
	PART(text, 1, 0, PATCH_MAX_TEXT),
	PART(data, 1, 0, PATCH_MAX_DATA),
	PART(sites, sizeof(struct patch_site), sizeof(struct patch_site),
	     PATCH_MAX_SITES * sizeof(struct patch_site)),
	PART(fixups, sizeof(struct patch_fixup), 0, PATCH_MAX_FIXUPS * sizeof(struct patch_fixup)),
	PART(strings, 1, 2, PATCH_MAX_FILE),
	PART(meta, 1, 0, PATCH_MAX_FILE),
	PART(bodies, sizeof(struct patch_insn), 0, PATCH_MAX_FILE),
	PART(signature, 1, 0, PATCH_MAX_SIGNATURE),
#undef PART
};

/* Checks one part; @end is the end of the part before, and becomes the end of this one. */
static bool check_part(const struct patch_header *h, size_t i, uint64_t *end,
		       struct patch_error *err)
{
	uint32_t min = parts[i].min, max = parts[i].max;
	const char *field = parts[i].field;
	struct patch_span s;

	memcpy(&s, (const uint8_t *)h + parts[i].span, sizeof(s));
	if (!rule(err, s.size >= min && s.size <= max, field, "size out of range") ||
	    !rule(err, s.size % parts[i].unit == 0, field, "size is no multiple of the record") ||
	    !rule(err, s.size || !s.offset, field, "offset of an absent part is not zero"))
		return false;
	if (!s.size)
		return true;
	if (!rule(err, s.offset % 8 == 0, field, "offset is not a multiple of 8") ||
	    !rule(err, s.offset >= *end, field, "overlaps or is out of order"))
		return false;
	*end = (uint64_t)s.offset + s.size;
	return rule(err, *end <= h->file_size, field, "ends behind the file");
}

static bool check_parts(const struct patch_header *h, struct patch_error *err)
{
	uint64_t end = sizeof(*h);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!check_part(h, i, &end, err))
			return false;
	return rule(err, !h->signature.size || end == h->file_size, "signature",
		    "is not the end of the file");
}

static bool check_strings(const struct patch_header *h, const char *s, struct patch_error *err)
{
	return rule(err, !s[0], "strings", "does not begin with a NUL") &&
	       rule(err, !s[h->strings.size - 1], "strings", "does not end with a NUL");
}

/* Is it a name to print in errors and lists: visible, not empty? strings ends with a NUL. */
static bool good_site_name(const struct patch_header *h, const char *strings, uint32_t offset)
{
	size_t i = offset;

	if (offset >= h->strings.size || !strings[offset])
		return false;
	while (strings[i] > 0x20 && strings[i] < 0x7f)
		i++;
	return strings[i] == '\0';
}

/* Not in the last page, so that the end of a window does not wrap. */
static bool good_place(uint64_t addr)
{
	return kernel_address(addr) && addr < -4096ull;
}

static bool good_target(const struct patch_header *h, const struct patch_site *s)
{
	return s->target_kind == PATCH_TARGET_TEXT ? s->target < h->text.size :
		kernel_address(s->target);
}

static bool good_flags(const struct patch_site *s)
{
	return !s->flags || (s->flags == PATCH_SITE_FENTRY && s->insn_len == PATCH_JUMP_LEN &&
			     !memcmp(s->expect, patch_nop5, PATCH_JUMP_LEN));
}

static bool check_site(const struct patch *p, const struct patch_site *s, struct patch_error *err)
{
	return rule(err, s->target_kind <= PATCH_TARGET_ABSOLUTE, "sites.target_kind", "unknown") &&
	       rule(err, s->place <= PATCH_PLACE_ABSOLUTE, "sites.place", "unknown") &&
	       rule(err, s->len == PATCH_JUMP_LEN, "sites.len", "not the length of a jump") &&
	       rule(err, s->insn_len >= 1 && s->insn_len <= PATCH_INSN_MAX, "sites.insn_len",
		    "out of range") &&
	       rule(err, good_place(s->addr), "sites.addr", "no kernel address") &&
	       rule(err, good_target(p->header, s), "sites.target", "out of range") &&
	       rule(err, all_zero(s->expect + s->len, PATCH_WINDOW_MAX - s->len), "sites.expect",
		    "padding is not zero") &&
	       rule(err, good_flags(s), "sites.flags", "unknown, or not with this instruction") &&
	       rule(err, good_site_name(p->header, p->strings, s->name), "sites.name",
		    "not a name in strings");
}

static bool field_inside(const struct patch_header *h, const struct patch_fixup *f)
{
	uint32_t size = f->in_data ? h->data.size : h->text.size;
	uint32_t width = f->type == PATCH_FIXUP_ABS64 || f->type == PATCH_FIXUP_PC64 ? 8 : 4;

	return size >= width && f->offset <= size - width;
}

/* Does the file have the part that the value is relative to? */
static bool base_exists(const struct patch_header *h, uint8_t base)
{
	return (base != PATCH_BASE_TEXT || h->text.size) &&
		(base != PATCH_BASE_DATA || h->data_mem);
}

/* A value may point outside the part, but not beyond the reach of a 32-bit field. */
static bool good_value(const struct patch_fixup *f)
{
	return (f->base != PATCH_BASE_TEXT && f->base != PATCH_BASE_DATA) ||
		f->value == (int32_t)f->value;
}

static bool check_fixup(const struct patch_header *h, const struct patch_fixup *f,
			struct patch_error *err)
{
	return rule(err, f->type <= PATCH_FIXUP_PC64, "fixups.type", "unknown") &&
	       rule(err, f->base <= PATCH_BASE_ABSOLUTE, "fixups.base", "unknown") &&
	       rule(err, base_exists(h, f->base), "fixups.base", "there is no such part") &&
	       rule(err, f->in_data <= 1, "fixups.in_data", "not 0 or 1") &&
	       rule(err, !f->reserved, "fixups.reserved", "not zero") &&
	       rule(err, field_inside(h, f), "fixups.offset", "field outside its part") &&
	       rule(err, good_value(f), "fixups.value", "out of range");
}

/*
 * The lists of instructions lie behind the table, in the order of the sites, and do not overlap:
 * the time to check and to follow them all is limited by the size of the part.
 */
static bool check_bodies(const struct patch *p, struct patch_error *err)
{
	uint32_t size = p->header->bodies.size, end = p->nsites * sizeof(*p->bodies);

	if (!rule(err, !size || size > end, "bodies", "shorter than its table"))
		return false;
	for (err->index = 0; size && err->index < p->nsites; err->index++) {
		uint32_t bytes = 0, at = p->bodies[err->index];
		const struct patch_insn *insn;

		if (!at)
			continue;
		if (!rule(err, at >= end && at < size && at % sizeof(*insn) == 0, "bodies",
			  "offset out of range"))
			return false;
		insn = patch_body(p, err->index);
		if (!rule(err, insn->len == p->sites[err->index].insn_len, "bodies",
			  "does not begin with the window's instruction"))
			return false;
		for (end = at; end < size && insn->len && insn->len <= PATCH_INSN_MAX; insn++) {
			bytes += insn->len;
			end += sizeof(*insn);
		}
		if (!rule(err, end < size && !insn->len && !insn->first, "bodies", "no end") ||
		    !rule(err, bytes <= PATCH_MAX_BODY, "bodies", "function over the limit"))
			return false;
		end += sizeof(*insn);
	}
	err->index = 0;
	return true;
}

static bool check_tables(const struct patch *p, struct patch_error *err)
{
	for (err->index = 0; err->index < p->nsites; err->index++)
		if (!check_site(p, &p->sites[err->index], err))
			return false;
	for (err->index = 0; err->index < p->nfixups; err->index++)
		if (!check_fixup(p->header, &p->fixups[err->index], err))
			return false;
	err->index = 0;
	return check_bodies(p, err);
}

/* Where a part is; NULL if it is absent. */
static const void *part(const struct patch_header *h, struct patch_span s)
{
	return s.size ? (const uint8_t *)h + s.offset : NULL;
}

int patch_parse(const void *buf, size_t len, struct patch *out, struct patch_error *err)
{
	const struct patch_header *h = buf;
	struct patch p;

	err->index = 0;
	if (!check_frame(h, len, err) || !check_parts(h, err) || !check_header(h, err))
		return -1;
	p = (struct patch){
		.header = h,
		.text = part(h, h->text),
		.data = part(h, h->data),
		.sites = part(h, h->sites),
		.fixups = part(h, h->fixups),
		.strings = part(h, h->strings),
		.meta = part(h, h->meta),
		.bodies = part(h, h->bodies),
		.nsites = h->sites.size / sizeof(struct patch_site),
		.nfixups = h->fixups.size / sizeof(struct patch_fixup),
	};
	/* The CRC is last, so that the refusal names a field that is wrong in itself. */
	if (!check_strings(h, p.strings, err) || !check_tables(&p, err) ||
	    !rule(err, h->crc == patch_crc(buf, len), "crc", "does not match the file"))
		return -1;
	*out = p;
	return 0;
}

const char *patch_site_name(const struct patch *p, unsigned int i)
{
	return p->strings + p->sites[i].name;
}

const struct patch_insn *patch_body(const struct patch *p, unsigned int i)
{
	return p->bodies && p->bodies[i] ?
	       (const void *)((const uint8_t *)p->bodies + p->bodies[i]) : NULL;
}

uint32_t patch_crc(const void *buf, size_t len)
{
	static const uint8_t zero[sizeof(uint32_t)];
	const size_t at = offsetof(struct patch_header, crc), end = at + sizeof(zero);
	uint32_t crc = crc32_update(0, buf, at);

	crc = crc32_update(crc, zero, sizeof(zero));
	return crc32_update(crc, (const uint8_t *)buf + end, len - end);
}
