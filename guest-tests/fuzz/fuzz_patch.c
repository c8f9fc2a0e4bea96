/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes into the patch parser, as they are and with the fields that are hard
 * to guess set right. Of a file that is taken, everything is touched.
 */
#include <stdlib.h>
#include <string.h>
#include "patcher/wire/patch.h"

static volatile unsigned int sink;

static void check(int ok)
{
	if (!ok)
		abort();
}

static void touch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink += ((const uint8_t *)p)[i];
}

static void use_site(const struct patch *p, unsigned int i)
{
	const struct patch_site *s = &p->sites[i];
	const struct patch_insn *insn = patch_body(p, i);
	size_t len = 0;

	check(s->len == PATCH_JUMP_LEN && s->insn_len <= 15);
	check(s->addr + s->len > s->addr);
	if (s->target_kind == PATCH_TARGET_TEXT)
		touch(p->text + s->target, 1);
	check(strlen(patch_site_name(p, i)) > 0);
	check(!(s->flags & ~PATCH_SITE_FENTRY));
	check(!insn || insn->len == s->insn_len);
	for (; insn && insn->len; insn++)
		len += insn->len;
	check(len <= PATCH_MAX_BODY);
}

static void use_fixup(const struct patch *p, unsigned int i)
{
	const struct patch_fixup *f = &p->fixups[i];
	int wide = f->type == PATCH_FIXUP_ABS64 || f->type == PATCH_FIXUP_PC64;

	touch((f->in_data ? p->data : p->text) + f->offset, wide ? 8 : 4);
}

static void parse(const uint8_t *data, size_t size, int seal)
{
	uint8_t *buf = malloc(size ? size : 1);
	struct patch_error err = { 0 };
	struct patch p;

	memcpy(buf, data, size);
	if (seal && size >= sizeof(struct patch_header)) {
		struct patch_header *h = (struct patch_header *)buf;

		memcpy(h->magic, PATCH_MAGIC, sizeof(h->magic));
		h->version = PATCH_VERSION;
		h->header_size = sizeof(*h);
		h->file_size = (uint32_t)size;
		h->crc = patch_crc(buf, size);
	}
	if (patch_parse(buf, size, &p, &err)) {
		check(err.field && err.what && err.field[0] && err.what[0]);
	} else {
		check(p.nsites >= 1 && p.nsites <= PATCH_MAX_SITES);
		check(p.nfixups <= PATCH_MAX_FIXUPS);
		check(strlen(p.header->name) < PATCH_NAME_LEN);
		touch(p.text, p.header->text.size);
		touch(p.data, p.header->data.size);
		touch(p.meta, p.header->meta.size);
		for (unsigned int i = 0; i < p.nsites; i++)
			use_site(&p, i);
		for (unsigned int i = 0; i < p.nfixups; i++)
			use_fixup(&p, i);
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size, 0);
	parse(data, size, 1);
	return 0;
}
