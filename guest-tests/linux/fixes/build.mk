# SPDX-License-Identifier: GPL-2.0-only
# What shows the effects of the fixes, in one program for the guest: `triggers NAME`.

FIX_TRIGGERS := $(wildcard $(LINUX_TESTS)/fixes/*-trigger.c)
FIX_NAMES := $(patsubst %-trigger,%,$(basename $(notdir $(FIX_TRIGGERS))))

ALL += $(BUILD)/linux/triggers

# Each has a main of its own; the list of them is made here.
$(BUILD)/obj/linux/triggers.c: $(LINUX_TESTS)/fixes/build.mk $(FIX_TRIGGERS)
	@mkdir -p $(@D)
	@{ printf '#include <string.h>\n'; \
	   for name in $(subst -,_,$(FIX_NAMES)); do echo "int $$name(void);"; done; \
	   printf 'int main(int argc, char **argv)\n{\n'; \
	   printf '\tconst char *name = argc > 1 ? argv[1] : "";\n\n'; \
	   for name in $(FIX_NAMES); do \
		printf '\tif (!strcmp(name, "%s"))\n\t\treturn %s();\n' $$name $${name//-/_}; \
	   done; printf '\treturn 127;\n}\n'; } >$@

$(BUILD)/obj/linux/%-trigger.o: $(LINUX_TESTS)/fixes/%-trigger.c $(LINUX_TESTS)/fixes/checksum.h Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -Dmain=$(subst -,_,$*) -Wno-missing-prototypes -c -o $@ $<

$(BUILD)/linux/triggers: $(BUILD)/obj/linux/triggers.c $(FIX_NAMES:%=$(BUILD)/obj/linux/%-trigger.o)
	$(CC) $(HOST_CFLAGS) -static -s -o $@ $^
