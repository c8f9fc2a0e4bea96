/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The check of a patch file. Everything a field can get wrong by itself is
 * refused here, by name, so that the engine may follow every offset and index
 * without looking again. docs/patch-format.md holds the same rules in words.
 */
#include "wire/patch.h"
#include "wire/crc32.h"
#include "wire/mem.h"

static int fail(struct patch_error *err, const char *field, const char *what, uint32_t index)
{
	err->field = field;
	err->what = what;
	err->index = index;
	return -1;
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

/* What must hold before any other field can be trusted to be one. */
static int check_frame(const struct patch_header *h, size_t len, struct patch_error *err)
{
	if (len < sizeof(*h))
		return fail(err, "file_size", "shorter than the header", 0);
	if (memcmp(h->magic, PATCH_MAGIC, sizeof(h->magic)) != 0)
		return fail(err, "magic", "not a patch file", 0);
	if (h->version != PATCH_VERSION)
		return fail(err, "version", "unknown", 0);
	if (h->header_size != sizeof(*h))
		return fail(err, "header_size", "not that of this version", 0);
	if (h->file_size != len)
		return fail(err, "file_size", "not the length of the file", 0);
	if (len > PATCH_MAX_FILE)
		return fail(err, "file_size", "over the limit", 0);
	return 0;
}

static int check_header(const struct patch_header *h, struct patch_error *err)
{
	if (h->flags)
		return fail(err, "flags", "not zero", 0);
	if (!good_name(h->name))
		return fail(err, "name", "not 1 to 63 visible characters and zeros", 0);
	if (!kernel_address(h->anchor))
		return fail(err, "anchor", "not a kernel address", 0);
	if (!kernel_address(h->build_id_addr))
		return fail(err, "build_id_addr", "not a kernel address", 0);
	if (h->build_id_len < 1 || h->build_id_len > PATCH_BUILD_ID_MAX)
		return fail(err, "build_id_len", "out of range", 0);
	if (!all_zero(h->build_id + h->build_id_len, PATCH_BUILD_ID_MAX - h->build_id_len))
		return fail(err, "build_id", "padding is not zero", 0);
	if (h->data_mem < h->data.size || h->data_mem > PATCH_MAX_DATA)
		return fail(err, "data_mem", "out of range", 0);
	if (!all_zero(h->reserved, sizeof(h->reserved)))
		return fail(err, "reserved", "not zero", 0);
	return 0;
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
	PART(signature, 1, 0, PATCH_MAX_SIGNATURE),
#undef PART
};

static int check_parts(const struct patch_header *h, struct patch_error *err)
{
	uint64_t end = sizeof(*h);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct patch_span s;

		memcpy(&s, (const uint8_t *)h + parts[i].span, sizeof(s));
		if (s.size < parts[i].min || s.size > parts[i].max)
			return fail(err, parts[i].field, "size out of range", 0);
		if (s.size % parts[i].unit)
			return fail(err, parts[i].field, "size is not a multiple of the record", 0);
		if (!s.size && s.offset)
			return fail(err, parts[i].field, "offset of an absent part is not zero", 0);
		if (!s.size)
			continue;
		if (s.offset % 8)
			return fail(err, parts[i].field, "offset is not a multiple of 8", 0);
		if (s.offset < end)
			return fail(err, parts[i].field, "overlaps or is out of order", 0);
		end = (uint64_t)s.offset + s.size;
		if (end > h->file_size)
			return fail(err, parts[i].field, "ends behind the file", 0);
	}
	if (h->signature.size && end != h->file_size)
		return fail(err, "signature", "is not the end of the file", 0);
	return 0;
}

static int check_strings(const struct patch_header *h, const char *strings, struct patch_error *err)
{
	if (strings[0])
		return fail(err, "strings", "does not begin with a NUL", 0);
	if (strings[h->strings.size - 1])
		return fail(err, "strings", "does not end with a NUL", 0);
	return 0;
}

/* The name a site has in errors and lists: printable, not empty; strings ends with a NUL. */
static bool good_site_name(const struct patch_header *h, const char *strings, uint32_t offset)
{
	size_t i = offset;

	if (offset >= h->strings.size || !strings[offset])
		return false;
	while (strings[i] > 0x20 && strings[i] < 0x7f)
		i++;
	return strings[i] == '\0';
}

static int check_site(const struct patch *p, uint32_t i, struct patch_error *err)
{
	const struct patch_site *s = &p->sites[i];

	if (s->target_kind > PATCH_TARGET_ABSOLUTE)
		return fail(err, "sites.target_kind", "unknown", i);
	if (s->place > PATCH_PLACE_ABSOLUTE)
		return fail(err, "sites.place", "unknown", i);
	if (s->len != PATCH_JUMP_LEN)
		return fail(err, "sites.len", "not the length of a jump", i);
	if (s->insn_len < 1 || s->insn_len > 15)
		return fail(err, "sites.insn_len", "out of range", i);
	/* The last page is left out so that no end of a window wraps. */
	if (!kernel_address(s->addr) || s->addr >= -4096ull)
		return fail(err, "sites.addr", "not a kernel address", i);
	if (s->target_kind == PATCH_TARGET_TEXT && s->target >= p->header->text.size)
		return fail(err, "sites.target", "outside the text", i);
	if (s->target_kind != PATCH_TARGET_TEXT && !kernel_address(s->target))
		return fail(err, "sites.target", "not a kernel address", i);
	if (!all_zero(s->expect + s->len, PATCH_WINDOW_MAX - s->len))
		return fail(err, "sites.expect", "padding is not zero", i);
	if (!good_site_name(p->header, p->strings, s->name))
		return fail(err, "sites.name", "not a name in strings", i);
	return 0;
}

static bool field_inside(const struct patch_header *h, const struct patch_fixup *f)
{
	uint32_t size = f->in_data ? h->data.size : h->text.size;
	uint32_t width = f->type == PATCH_FIXUP_ABS64 || f->type == PATCH_FIXUP_PC64 ? 8 : 4;

	return size >= width && f->offset <= size - width;
}

static int check_fixup(const struct patch *p, uint32_t i, struct patch_error *err)
{
	const struct patch_header *h = p->header;
	const struct patch_fixup *f = &p->fixups[i];

	if (f->type > PATCH_FIXUP_PC64)
		return fail(err, "fixups.type", "unknown", i);
	if (f->base > PATCH_BASE_ABSOLUTE)
		return fail(err, "fixups.base", "unknown", i);
	if ((f->base == PATCH_BASE_TEXT && !h->text.size) ||
	    (f->base == PATCH_BASE_DATA && !h->data_mem))
		return fail(err, "fixups.base", "there is no such part", i);
	if (f->in_data > 1)
		return fail(err, "fixups.in_data", "not 0 or 1", i);
	if (f->reserved)
		return fail(err, "fixups.reserved", "not zero", i);
	if (!field_inside(h, f))
		return fail(err, "fixups.offset", "field outside its part", i);
	/* An addend may point outside the part, but not where a 32-bit field never reaches. */
	if ((f->base == PATCH_BASE_TEXT || f->base == PATCH_BASE_DATA) &&
	    f->value != (int32_t)f->value)
		return fail(err, "fixups.value", "out of range", i);
	return 0;
}

static int check_tables(const struct patch *p, struct patch_error *err)
{
	for (uint32_t i = 0; i < p->nsites; i++)
		if (check_site(p, i, err))
			return -1;
	for (uint32_t i = 0; i < p->nfixups; i++)
		if (check_fixup(p, i, err))
			return -1;
	return 0;
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

	if (check_frame(h, len, err) || check_parts(h, err) || check_header(h, err))
		return -1;
	p = (struct patch){
		.header = h,
		.text = part(h, h->text),
		.data = part(h, h->data),
		.sites = part(h, h->sites),
		.fixups = part(h, h->fixups),
		.strings = part(h, h->strings),
		.meta = part(h, h->meta),
		.nsites = h->sites.size / sizeof(struct patch_site),
		.nfixups = h->fixups.size / sizeof(struct patch_fixup),
	};
	if (check_strings(h, p.strings, err) || check_tables(&p, err))
		return -1;
	/* Last, so that a field that is wrong in itself is called by its name. */
	if (h->crc != patch_crc(buf, len))
		return fail(err, "crc", "does not match the file", 0);
	*out = p;
	return 0;
}

const char *patch_site_name(const struct patch *p, unsigned int i)
{
	return p->strings + p->sites[i].name;
}

uint32_t patch_crc(const void *buf, size_t len)
{
	static const uint8_t zero[sizeof(uint32_t)];
	const size_t at = offsetof(struct patch_header, crc), end = at + sizeof(zero);
	uint32_t crc = crc32_update(0, buf, at);

	crc = crc32_update(crc, zero, sizeof(zero));
	return crc32_update(crc, (const uint8_t *)buf + end, len - end);
}
