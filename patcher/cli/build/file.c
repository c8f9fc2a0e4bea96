/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: putting the patch file together. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/patch_id.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/file.h"
#include "patcher/cli/build/release.h"

/* ---- meta: key=value lines for people ---- */

static void meta_line(struct build *b, const char *key, const char *value)
{
	bytes_add_text(&b->output.meta, key);
	bytes_add(&b->output.meta, "=", 1);
	for (; *value; value++)
		bytes_add(&b->output.meta, (unsigned char)*value < ' ' ? "?" : value, 1);
	bytes_add(&b->output.meta, "\n", 1);
}

/* Only the last part: the same sources built elsewhere give the same file. */
static void meta_path(struct build *b, const char *key, const char *path)
{
	const char *slash = strrchr(path, '/');

	meta_line(b, key, slash ? slash + 1 : path);
}

static void meta_sources(struct build *b, const struct object *o)
{
	GElf_Sym sym;

	for (size_t i = 1; object_symbol(o, i, &sym); i++)
		if (GELF_ST_TYPE(sym.st_info) == STT_FILE)
			meta_path(b, "source", object_symbol_name(o, &sym));
}

/* The first string of .comment. */
static void meta_compiler(struct build *b, const struct object *o)
{
	Elf_Data *d = object_data(o, object_section(o, ".comment", 0));
	const char *text;
	char *s;

	if (!d || !d->d_size)
		return;
	s = xalloc(d->d_size + 1);
	memcpy(s, d->d_buf, d->d_size);
	text = *s || d->d_size < 2 ? s : s + 1;
	meta_line(b, "compiler", text);
	build_check_compiler(b, o->path, text);
	free(s);
}

static int meta_time(struct build *b)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char text[32], *end;
	struct tm tm;
	time_t t;

	if (!epoch)
		return 0;
	t = (time_t)strtoll(epoch, &end, 10);
	if (!*epoch || *end || !gmtime_r(&t, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return problem(&b->problems, CLI_INPUT, "source-date-epoch",
			       "SOURCE_DATE_EPOCH is '%s', not a number of seconds", epoch);
	meta_line(b, "built", text);
	return 0;
}

/* For `inspect`, which shows the size of what is replaced, and has names without a kernel. */
static void meta_replaces(struct build *b, const struct replacement *r)
{
	char *s = xprintf("%s 0x%" PRIx64 " 0x%" PRIx64, (char *)b->sites.names.data + r->site.name,
			  r->site.addr - r->window_offset, r->old_size);

	meta_line(b, "replaces", s);
	free(s);
}

static int by_name(const void *a, const void *b)
{
	const struct used_symbol *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : compare_u64(x->addr, y->addr);
}

static void meta_used(struct build *b)
{
	if (b->nused)
		qsort(b->used, b->nused, sizeof(*b->used), by_name);
	for (size_t i = 0; i < b->nused; i++) {
		const struct used_symbol *u = &b->used[i];
		char *s = xprintf("%s 0x%" PRIx64 " 0x%" PRIx64, u->name, u->addr, u->size);

		meta_line(b, u->absolute ? "uses-absolute" : "uses", s);
		free(s);
	}
}

/* `inspect` shows new functions by these. */
static void meta_function(struct build *b, const struct replacement *r)
{
	char *s;

	if (r->new.base == PATCH_BASE_KERNEL)
		return;
	s = xprintf("%s 0x%" PRIx64 " 0x%" PRIx64, r->new_name, (uint64_t)r->new.value,
		    r->new_size);
	meta_line(b, r->new.base == PATCH_BASE_TEXT ? "function" : "target", s);
	free(s);
}

/* By this `apply` refuses another boot of the guest, if addresses of one boot are in the patch. */
static void meta_slide(struct build *b)
{
	char *s;

	if (!b->guest.slide_known)
		return;
	s = xprintf("0x%" PRIx64, b->guest.slide);
	meta_line(b, "slide", s);
	free(s);
}

static int make_meta(struct build *b)
{
	meta_line(b, "tool", "subtext " SUBTEXT_VERSION);
	meta_path(b, "kernel", b->opt.kernel_path);
	if (b->version.release)
		meta_line(b, "release", b->version.release);
	for (size_t i = 0; i < b->nobjects; i++) {
		meta_path(b, "object", b->objects[i].path);
		meta_sources(b, &b->objects[i]);
		meta_compiler(b, &b->objects[i]);
	}
	for (size_t i = 0; i < b->nreplace; i++)
		meta_function(b, &b->replace[i]);
	for (size_t i = 0; i < b->nreplace; i++)
		meta_replaces(b, &b->replace[i]);
	meta_used(b);
	bytes_add(&b->output.meta, b->notes.data, b->notes.len);
	meta_slide(b);
	return meta_time(b);
}

/* ---- the file ---- */

static struct patch_span add_part(struct build *b, const void *p, size_t size)
{
	struct patch_span s = { 0 };

	if (!size)
		return s;
	bytes_align(&b->output.file, 8, 0);
	s.offset = (uint32_t)bytes_add(&b->output.file, p, size);
	s.size = (uint32_t)size;
	return s;
}

static struct patch_span add_sites(struct build *b)
{
	struct patch_site *sites = xalloc(b->nreplace * sizeof(*sites));
	struct patch_span s;

	for (size_t i = 0; i < b->nreplace; i++)
		sites[i] = b->replace[i].site;
	s = add_part(b, sites, b->nreplace * sizeof(*sites));
	free(sites);
	return s;
}

/* Offsets of the lists, then the lists; sites are in the same order. */
static struct patch_span add_bodies(struct build *b)
{
	size_t table = b->nreplace * sizeof(uint32_t);
	struct bytes part = { 0 };
	struct patch_span s;

	bytes_add(&part, NULL, table);
	for (size_t i = 0; i < b->nreplace; i++) {
		const struct bytes *body = &b->replace[i].body;
		uint32_t offset = (uint32_t)part.len;

		if (!body->len)
			continue;
		bytes_add(&part, body->data, body->len);
		memcpy(part.data + i * sizeof(offset), &offset, sizeof(offset));
	}
	/* If there is no list, there is no part. */
	s = add_part(b, part.data, part.len > table ? part.len : 0);
	free(part.data);
	return s;
}

static void fill_header(struct build *b, struct patch_header *h)
{
	memcpy(h->magic, PATCH_MAGIC, sizeof(h->magic));
	h->version = PATCH_VERSION;
	h->header_size = sizeof(*h);
	memcpy(h->name, b->opt.name, strlen(b->opt.name));
	h->anchor = b->sites.anchor;
	h->build_id_addr = b->kernel.build_id_addr;
	h->build_id_len = b->kernel.build_id_len;
	memcpy(h->build_id, b->kernel.build_id, sizeof(h->build_id));
	h->data_mem = (uint32_t)b->payload.data_mem;
}

/* The hypervisor's own check: a patch that it would refuse is not written. */
static int check_file(struct build *b)
{
	struct patch_error err;
	struct patch p;

	if (!patch_parse(b->output.file.data, b->output.file.len, &p, &err))
		return 0;
	if (b->output.file.len > PATCH_MAX_FILE)
		return problem(&b->problems, CLI_INPUT, "too-large",
			       "the patch is %zu bytes, %u are possible", b->output.file.len,
			       PATCH_MAX_FILE);
	return problem(&b->problems, CLI_INPUT, "bad-patch",
		       "the patch would be refused: %s[%u]: %s", err.field, err.index, err.what);
}

int build_file(struct build *b)
{
	struct patch_header h = { 0 };

	if (make_meta(b))
		return -1;
	fill_header(b, &h);
	bytes_add(&b->output.file, NULL, sizeof(h));
	h.text = add_part(b, b->payload.text.data, b->payload.text.len);
	h.data = add_part(b, b->payload.data.data, b->payload.data.len);
	h.sites = add_sites(b);
	h.fixups = add_part(b, b->fixups, b->nfixups * sizeof(*b->fixups));
	h.strings = add_part(b, b->sites.names.data, b->sites.names.len);
	h.meta = add_part(b, b->output.meta.data, b->output.meta.len);
	h.bodies = add_bodies(b);
	h.file_size = (uint32_t)b->output.file.len;
	memcpy(b->output.file.data, &h, sizeof(h));
	if (patch_compute_id(b->output.file.data, b->output.file.len, h.id))
		return problem(&b->problems, CLI_INTERNAL, "crypto", "libcrypto has no SHA-256");
	memcpy(b->output.file.data, &h, sizeof(h));
	h.crc = patch_crc(b->output.file.data, b->output.file.len);
	memcpy(b->output.file.data, &h, sizeof(h));
	return check_file(b);
}
