/* SPDX-License-Identifier: GPL-2.0-only */
/* Patch files made to order, and the engine's state compared, for the engine's tests. */
#include <stdio.h>
#include "guest-tests/unit/engine/test_engine_util.h"

const uint8_t nop5[5] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
struct engine_result result;
struct refusal refused;

static struct file the_file;
static struct event_text event;

struct file *file_begin(uint8_t id)
{
	struct file *f = &the_file;

	free(f->bytes);
	memset(f, 0, sizeof(*f));
	f->id = id;
	f->anchor = LINK_ANCHOR;
	f->build_id_addr = LINK_BUILD_ID;
	memcpy(f->build_id, FAKE_BUILD_ID, sizeof(f->build_id));
	return f;
}

/* Puts bytes where the guest has them, page by page, without the engine noticing. */
static void plant(uint64_t gva, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*(uint8_t *)fake_ram(fake_gpa(gva + i)) = bytes[i];
}

struct patch_site *file_site(struct file *f, uint64_t link)
{
	struct patch_site *s = &f->sites[f->nsites];

	plant(RUNS_AT(link), nop5, sizeof(nop5));
	*s = (struct patch_site){
		.addr = link, .target = TEXT(0x8000) + 16 * f->nsites, .len = 5, .insn_len = 5,
		.target_kind = PATCH_TARGET_KERNEL, .place = PATCH_PLACE_KERNEL,
	};
	memcpy(s->expect, nop5, 5);
	f->nsites++;
	return s;
}

void file_body(struct file *f, const struct patch_insn *insns)
{
	uint32_t *at = (uint32_t *)f->bodies + f->nsites - 1;

	/* Room for the numbers of eight sites. */
	if (!f->nbodies)
		f->nbodies = 16;
	assert_true(f->nsites <= 8);
	*at = f->nbodies * sizeof(*insns);
	do
		f->bodies[f->nbodies++] = *insns;
	while (insns++->len);
}

void file_payload(struct file *f, uint32_t text, uint32_t data, uint32_t data_mem)
{
	f->text_size = text;
	f->data_size = data;
	f->data_mem = data_mem;
	for (uint32_t i = 0; i < text; i++)
		f->text[i] = i * 7 + 1;
	for (uint32_t i = 0; i < data; i++)
		f->data[i] = i * 5 + 2;
	for (unsigned int i = 0; i < f->nsites && text; i++) {
		f->sites[i].target_kind = PATCH_TARGET_TEXT;
		f->sites[i].target = i % text;
	}
}

static struct patch_span add(uint8_t *buf, uint32_t *end, const void *from, uint32_t size)
{
	struct patch_span s = { 0, 0 };

	if (!size)
		return s;
	s.offset = (*end + 7) & ~7u;
	s.size = size;
	memcpy(buf + s.offset, from, size);
	*end = s.offset + size;
	return s;
}

const uint8_t *file_id(uint8_t id)
{
	static uint8_t bytes[32];

	memset(bytes, id, sizeof(bytes));
	return bytes;
}

/* "\0fn0\0fn1..."; fills in the names. */
static uint32_t make_names(struct file *f, char *names)
{
	uint32_t len = 1;

	names[0] = '\0';
	for (unsigned int i = 0; i < f->nsites; i++) {
		f->sites[i].name = len;
		len += sprintf(names + len, "fn%u", i) + 1;
	}
	return len;
}

void file_end(struct file *f)
{
	static char names[PATCH_MAX_SITES * 8];
	uint32_t names_len = make_names(f, names), end = sizeof(struct patch_header);
	struct patch_header h = {
		.magic = PATCH_MAGIC, .version = PATCH_VERSION, .header_size = sizeof(h),
		.name = "test", .anchor = f->anchor, .build_id_addr = f->build_id_addr,
		.build_id_len = sizeof(f->build_id), .data_mem = f->data_mem,
	};

	memset(h.id, f->id, sizeof(h.id));
	memcpy(h.build_id, f->build_id, sizeof(f->build_id));
	free(f->bytes);
	f->bytes = calloc(1, PATCH_MAX_FILE);
	h.text = add(f->bytes, &end, f->text, f->text_size);
	h.data = add(f->bytes, &end, f->data, f->data_size);
	h.sites = add(f->bytes, &end, f->sites, f->nsites * sizeof(f->sites[0]));
	h.fixups = add(f->bytes, &end, f->fixups, f->nfixups * sizeof(f->fixups[0]));
	h.strings = add(f->bytes, &end, names, names_len);
	h.bodies = add(f->bytes, &end, f->bodies, f->nbodies * sizeof(f->bodies[0]));
	h.file_size = f->len = end;
	memcpy(f->bytes, &h, sizeof(h));
	h.crc = patch_crc(f->bytes, f->len);
	memcpy(f->bytes, &h, sizeof(h));
}

enum engine_status run(void)
{
	for (unsigned int i = 0; i < 1000000; i++) {
		enum engine_status status = engine_poll(&result, &refused);

		fake_check();
		assert_false(fake.stopped);
		if (status != ENGINE_MORE)
			return status;
	}
	fail_msg("the transaction does not end");
	return ENGINE_REFUSED;
}

enum engine_status apply(const struct file *f)
{
	enum engine_status status = engine_apply(f->bytes, f->len, &refused);

	return status == ENGINE_MORE ? run() : status;
}

enum engine_status apply_held(uint8_t id)
{
	enum engine_status status = engine_apply_held(file_id(id), &refused);

	return status == ENGINE_MORE ? run() : status;
}

enum engine_status revert(uint8_t id)
{
	enum engine_status status = engine_revert(file_id(id), &refused);

	return status == ENGINE_MORE ? run() : status;
}

static const char *refusal_string(void)
{
	static char buf[512];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	refusal_text(&refused, &t);
	return buf;
}

void assert_applied(const struct file *f)
{
	if (apply(f) != ENGINE_DONE)
		fail_msg("refused:%s", refusal_string());
}

void assert_reverted(uint8_t id)
{
	if (revert(id) != ENGINE_DONE)
		fail_msg("refused:%s", refusal_string());
}

void assert_refused(const struct file *f, enum refusal_code code)
{
	struct state before;

	state_take(&before);
	assert_int_equal(apply(f), ENGINE_REFUSED);
	if (refused.code != code)
		fail_msg("refused:%s", refusal_string());
	assert_state(&before);
}

static uint64_t sum_ram(void)
{
	const uint64_t *words = fake_ram(0);
	uint64_t sum = 14695981039346656037ul;

	for (size_t i = 0; i < MORE_TEXT_GPA / 8; i++)
		sum = (sum ^ words[i]) * 1099511628211ul;
	return sum;
}

void state_take(struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->pool = pool_available();
	s->view = engine_view();
	s->ram = sum_ram();
	engine_stats(&s->stats);
	while (s->patches < ENGINE_MAX_PATCHES && engine_info(s->patches, &s->info[s->patches]))
		s->patches++;
}

void assert_state(const struct state *before)
{
	static struct state now;
	unsigned int done, of;

	state_take(&now);
	assert_int_equal(now.pool, before->pool);
	assert_int_equal(now.view, before->view);
	assert_int_equal(now.ram, before->ram);
	assert_int_equal(now.stats.guarded_pages, before->stats.guarded_pages);
	assert_int_equal(now.stats.live_sites, before->stats.live_sites);
	assert_int_equal(now.stats.annex_used, before->stats.annex_used);
	assert_int_equal(now.patches, before->patches);
	for (unsigned int i = 0; i < now.patches; i++) {
		assert_memory_equal(now.info[i].id, before->info[i].id, 8);
		assert_int_equal(now.info[i].state, before->info[i].state);
		assert_int_equal(now.info[i].applied, before->info[i].applied);
		assert_int_equal(now.info[i].reverted, before->info[i].reverted);
	}
	assert_null(engine_phase(&done, &of));
	assert_false(fake.stopped);
	for (unsigned int i = 0; i < fake.cpus; i++)
		if (!fake.cpu[i].sipi)
			assert_int_equal(fake.cpu[i].view, now.view);
}

void jump_bytes(const struct patch_site *s, uint64_t annex_text, uint8_t out[5])
{
	uint64_t target = s->target_kind == PATCH_TARGET_TEXT ? annex_text + s->target :
			  s->target + FAKE_SLIDE;
	uint32_t rel = target - (RUNS_AT(s->addr) + 5);

	out[0] = 0xe9;
	memcpy(out + 1, &rel, 4);
}

/* Fetches or loads that may cross a page. */
static void get(void (*how)(unsigned int, uint64_t, void *, size_t), unsigned int cpu,
		uint64_t gva, uint8_t *out)
{
	for (unsigned int i = 0; i < 5; i++)
		how(cpu, gva + i, out + i, 1);
}

static void assert_sites(const struct file *f, bool live, const uint8_t *loads)
{
	uint8_t want[5], got[5];

	for (unsigned int cpu = 0; cpu < fake.cpus; cpu++) {
		if (fake.cpu[cpu].sipi)
			continue;
		for (unsigned int i = 0; i < f->nsites; i++) {
			uint64_t gva = RUNS_AT(f->sites[i].addr);

			memcpy(want, loads, 5);
			get(fake_load, cpu, gva, got);
			assert_memory_equal(got, want, 5);
			if (live)
				jump_bytes(&f->sites[i], result.annex, want);
			get(fake_fetch, cpu, gva, got);
			assert_memory_equal(got, want, 5);
		}
	}
}

void assert_live(const struct file *f, const uint8_t *loads)
{
	assert_sites(f, true, loads);
}

void assert_not_live(const struct file *f)
{
	assert_sites(f, false, nop5);
}

const char *wait_event(const char *kind)
{
	while (engine_next_event(&event))
		if (!strncmp(event.text, kind, strlen(kind)))
			return event.text;
	fail_msg("no event %s", kind);
	return NULL;
}

void drop_events(void)
{
	while (engine_next_event(&event))
		;
}

int machine_2(void **state)
{
	(void)state;
	fake_start(2, POOL_PAGES);
	drop_events();
	return 0;
}

int machine_end(void **state)
{
	(void)state;
	fake_end();
	return 0;
}
