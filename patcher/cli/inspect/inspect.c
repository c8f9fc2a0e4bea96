/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes a patch file apart for `subtext inspect`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/base/patch_id.h"
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/inspect/inspect.h"
#include "patcher/cli/inspect/meta.h"

static int check_format(struct inspection *in, const char *path, struct problems *p)
{
	const struct patch_header *h = (const struct patch_header *)in->file.data;
	uint8_t id[PATCH_ID_LEN];
	struct patch_error err;

	if (patch_parse(in->file.data, in->file.len, &in->patch, &err))
		return problem(p, CLI_INPUT, "bad-patch", "%s: %s[%u]: %s", path, err.field,
			       err.index, err.what);
	if (patch_compute_id(in->file.data, in->file.len, id))
		return problem(p, CLI_INTERNAL, "crypto", "libcrypto has no SHA-256");
	if (memcmp(id, h->id, sizeof(id)))
		return problem(p, CLI_INPUT, "bad-patch", "%s: id[0]: is not the SHA-256 of the "
			       "file: it was changed after it was built", path);
	return 0;
}

int inspect_open(struct inspection *in, const char *path, struct problems *p)
{
	if (read_file(path, PATCH_MAX_FILE, &in->file, p))
		return -1;
	if (!in->file.len)
		return problem(p, CLI_INPUT, "bad-patch", "%s is empty", path);
	return check_format(in, path, p);
}

void inspect_close(struct inspection *in)
{
	free(in->file.data);
	if (in->have_kernel)
		kernel_close(&in->kernel);
}

/* ---- names ---- */

static char *with_offset(const char *name, uint64_t offset)
{
	return offset ? xprintf("%s+0x%" PRIx64, name, offset) : xstrdup(name);
}

static char *kernel_value(const struct inspection *in, uint64_t addr)
{
	const struct kernel_symbol *s = NULL;
	struct meta_symbol noted;
	uint64_t offset;

	if (in->have_kernel)
		s = kernel_symbol_at(&in->kernel, addr, &offset);
	if (s)
		return with_offset(s->name, offset);
	if (meta_around(in, addr, &noted))
		return with_offset(noted.name, addr - noted.at);
	return xprintf("0x%" PRIx64, addr);
}

char *inspect_value(const struct inspection *in, unsigned int base, int64_t value)
{
	struct meta_symbol noted;

	switch (base) {
	case PATCH_BASE_KERNEL:
		return kernel_value(in, (uint64_t)value);
	case PATCH_BASE_TEXT:
		if (value >= 0 && meta_find(in, "function", (uint64_t)value, &noted))
			return xstrdup(noted.name);
		return xprintf("text%+" PRId64, value);
	case PATCH_BASE_DATA:
		return xprintf("data%+" PRId64, value);
	default:
		if (meta_find(in, "uses-absolute", (uint64_t)value, &noted))
			return xstrdup(noted.name);
		return xprintf("0x%" PRIx64, (uint64_t)value);
	}
}

/* ---- instructions ---- */

static const char *const type_names[] = { "abs64", "abs32s", "abs32", "pc32", "pc64" };

static bool is_relative(const struct patch_fixup *f)
{
	return f->type == PATCH_FIXUP_PC32 || f->type == PATCH_FIXUP_PC64;
}

/*
 * What a fixup in the instruction [at, end) of the text refers to, or NULL. The processor
 * adds a relative field to the end of its instruction, the fixup subtracts the field's place.
 */
static char *refers_to(const struct inspection *in, uint64_t at, uint64_t end)
{
	for (unsigned int i = 0; i < in->patch.nfixups; i++) {
		const struct patch_fixup *f = &in->patch.fixups[i];
		uint64_t correction = is_relative(f) ? end - f->offset : 0;

		if (!f->in_data && f->offset >= at && f->offset < end)
			return inspect_value(in, f->base, (int64_t)(f->value + correction));
	}
	return NULL;
}

/* One instruction as JSON; *len is set to its length, or 0 if it is none. */
static json_t *insn_json(const uint8_t *code, size_t size, uint64_t addr, uint8_t *len)
{
	char text[INSN_TEXT_MAX];

	if (!disasm_text(code, size, addr, text, len)) {
		*len = 0;
		return json_pack("{s:o,s:o,s:s}", "address", json_hex(addr), "bytes",
				 json_bytes(code, size < 16 ? size : 16),
				 "text", "(no instruction)");
	}
	return json_pack("{s:o,s:o,s:s}", "address", json_hex(addr), "bytes",
			 json_bytes(code, *len), "text", text);
}

/* The first instructions of a function in the payload text; addresses are offsets. */
static json_t *text_code(const struct inspection *in, uint64_t offset, uint64_t size)
{
	uint64_t end = in->patch.header->text.size, at = offset;
	json_t *all = json_array(), *insn;
	uint8_t len = 1;
	char *ref;

	if (size && size < end - offset)
		end = offset + size;
	for (unsigned int i = 0; i < in->insns && at < end && len; i++, at += len) {
		insn = insn_json(in->patch.text + at, end - at, at, &len);
		ref = refers_to(in, at, at + len);
		if (ref)
			json_object_set_new(insn, "refers", json_string(ref));
		free(ref);
		json_array_append_new(all, insn);
	}
	return all;
}

/* The window as it must be found: one instruction, or the start of a longer one. */
static json_t *window_code(const struct patch_site *s)
{
	uint8_t len;
	json_t *insn;

	insn = insn_json(s->expect, s->len, s->addr, &len);
	if (!len && s->insn_len > s->len)
		json_object_set_new(insn, "text",
				    json_sprintf("(starts an instruction of %u bytes)",
						 s->insn_len));
	return insn;
}

/* ---- tables ---- */

/* What is known of the function that is replaced. */
static json_t *old_json(const struct inspection *in, unsigned int i)
{
	const struct patch_insn *body = patch_body(&in->patch, i);
	json_int_t insns = 0, watched = 0;
	json_t *o = json_object();
	struct meta_symbol old;
	struct meta_line l = { 0 };

	while (meta_next(in, &l)) {
		if (!meta_symbol(&l, "replaces", &old) ||
		    in->patch.sites[i].addr - old.at >= old.size)
			continue;
		json_object_set_new(o, "address", json_hex(old.at));
		json_object_set_new(o, "size", json_integer((json_int_t)old.size));
		break;
	}
	for (; body && body->len; body++) {
		insns++;
		watched += body->first != PATCH_INSN_ANY;
	}
	if (insns) {
		json_object_set_new(o, "instructions", json_integer(insns));
		json_object_set_new(o, "watched", json_integer(watched));
	}
	return o;
}

static json_t *target_json(const struct inspection *in, const struct patch_site *s)
{
	bool kernel = s->target_kind == PATCH_TARGET_KERNEL;
	struct meta_symbol new;
	json_t *target;
	char *to;

	if (s->target_kind == PATCH_TARGET_TEXT) {
		bool known = meta_find(in, "function", s->target, &new);

		target = json_pack("{s:s,s:o}", "kind", "text", "offset", json_hex(s->target));
		if (known) {
			json_object_set_new(target, "symbol", json_string(new.name));
			json_object_set_new(target, "size", json_integer((json_int_t)new.size));
		}
		json_object_set_new(target, "code",
				    text_code(in, s->target, known ? new.size : 0));
		return target;
	}
	if (kernel)
		to = kernel_value(in, s->target);
	else if (meta_find(in, "target", s->target, &new))
		to = xstrdup(new.name);
	else
		to = xprintf("0x%" PRIx64, s->target);
	target = json_pack("{s:s,s:o,s:s}", "kind", kernel ? "kernel" : "absolute", "address",
			   json_hex(s->target), "symbol", to);
	free(to);
	return target;
}

static json_t *site_json(const struct inspection *in, unsigned int i)
{
	const struct patch_site *s = &in->patch.sites[i];
	json_t *o = json_object(), *target = target_json(in, s);
	const char *to = json_string_value(json_object_get(target, "symbol"));

	json_object_set_new(o, "symbol", json_string(patch_site_name(&in->patch, i)));
	json_object_set_new(o, "address", json_hex(s->addr));
	json_object_set_new(o, "place", json_string(s->place == PATCH_PLACE_KERNEL ? "kernel" :
						    "absolute"));
	json_object_set_new(o, "len", json_integer(s->len));
	json_object_set_new(o, "insn_len", json_integer(s->insn_len));
	json_object_set_new(o, "fentry", json_boolean(s->flags & PATCH_SITE_FENTRY));
	json_object_set_new(o, "old", old_json(in, i));
	json_object_set_new(o, "expect", window_code(s));
	/* The displacement is known when the payload has its place. */
	json_object_set_new(o, "becomes", json_sprintf("jmp %s", to ? to : "new code"));
	json_object_set_new(o, "target", target);
	return o;
}

/*
 * A relative field is counted from the end of its instruction, which an immediate operand may
 * put behind the end of the field: the distance that hits a symbol is the likely one.
 */
static int likely_distance(const struct inspection *in, const struct patch_fixup *f)
{
	static const int distances[] = { 4, 5, 8, 6 };
	uint64_t offset;

	if (!is_relative(f) || f->in_data)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(distances); i++)
		if (in->have_kernel && f->base == PATCH_BASE_KERNEL &&
		    kernel_symbol_at(&in->kernel, (uint64_t)f->value + (uint64_t)distances[i],
				     &offset) && offset == 0)
			return distances[i];
	return f->type == PATCH_FIXUP_PC64 ? 8 : 4;
}

/* As "symbol-4", the way a compiler writes it. */
static char *fixup_refers(const struct inspection *in, const struct patch_fixup *f)
{
	int d = likely_distance(in, f);
	char *name = inspect_value(in, f->base, (int64_t)((uint64_t)f->value + (uint64_t)d));
	char *out = d ? xprintf("%s-%d", name, d) : xstrdup(name);

	free(name);
	return out;
}

static json_t *fixup_json(const struct inspection *in, const struct patch_fixup *f)
{
	static const char *const bases[] = { "kernel", "text", "data", "absolute" };
	char *value = fixup_refers(in, f);
	json_t *o;

	o = json_pack("{s:s,s:o,s:s,s:s,s:o,s:s}", "in", f->in_data ? "data" : "text",
		      "offset", json_hex(f->offset), "type", type_names[f->type],
		      "base", bases[f->base], "value", json_hex((uint64_t)f->value),
		      "refers", value);
	free(value);
	return o;
}

/* Meta is UTF-8 text for people, or should be. */
static json_t *meta_json(const struct inspection *in)
{
	json_t *all = json_array(), *line;
	struct meta_line l = { 0 };

	while (meta_next(in, &l)) {
		line = json_stringn(l.text, l.len);
		json_array_append_new(all, line ? line : json_string("(not UTF-8)"));
	}
	return all;
}

static json_t *header_json(const struct patch_header *h)
{
	return json_pack("{s:s,s:o,s:i,s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:b}",
		"name", h->name, "id", json_bytes(h->id, sizeof(h->id)),
		"version", (int)h->version, "size", (json_int_t)h->file_size,
		"build_id", json_bytes(h->build_id, h->build_id_len),
		"build_id_address", json_hex(h->build_id_addr), "anchor", json_hex(h->anchor),
		"text", (json_int_t)h->text.size, "data", (json_int_t)h->data.size,
		"data_mem", (json_int_t)h->data_mem, "signed", h->signature.size != 0);
}

json_t *inspect_json(const struct inspection *in)
{
	json_t *o = header_json(in->patch.header), *sites = json_array(), *fixups = json_array();

	for (unsigned int i = 0; i < in->patch.nsites; i++)
		json_array_append_new(sites, site_json(in, i));
	for (unsigned int i = 0; i < in->patch.nfixups; i++)
		json_array_append_new(fixups, fixup_json(in, &in->patch.fixups[i]));
	json_object_set_new(o, "release", meta_value(in, "release"));
	json_object_set_new(o, "compiler", meta_value(in, "compiler"));
	json_object_set_new(o, "sites", sites);
	json_object_set_new(o, "special", meta_special(in));
	json_object_set_new(o, "uses", meta_uses(in));
	json_object_set_new(o, "fixups", fixups);
	json_object_set_new(o, "meta", meta_json(in));
	return o;
}
