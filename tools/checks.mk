# Checks of the source, for `make check` and tests/checks.t.  Each is a target
# of its own that prints nothing but what is wrong (and a line of numbers).

# git knows what is ours; a tree without git has only ours in it.
SOURCES  := $(shell git ls-files 2>/dev/null || find . -name build -prune -o \
	-type f -print | sed 's,^\./,,')
SOURCES  := $(wildcard $(SOURCES))
CSOURCES := $(filter kernel/% user/% tests/% tools/% bench/% xv6/%,\
	$(filter %.c %.h,$(SOURCES)))

CHECKS := format layers headers functions ifs words docs doc-names \
	gcc gcc-debug clang clang-debug

.PHONY: check $(CHECKS:%=check-%)
check: $(CHECKS:%=check-%) host-check

# For scripts: what there is.
.PHONY: list-checks list-units list-fuzzers
list-checks:
	@echo $(CHECKS:%=check-%)

list-units:
	@echo $(HPROGRAMS)

list-fuzzers:
	@echo $(HFUZZERS)

# Nor may a comment have been folded where it was a table.
check-format:
	@clang-format-14 --dry-run --Werror --ferror-limit=1 $(CSOURCES)
	@! grep -nE '^ \*[[:alnum:]]' $(CSOURCES)

check-layers:
	@tools/layercheck

check-functions:
	@tools/fnlen $(filter %.c,$(CSOURCES))

check-ifs:
	@tools/ifcheck $(CSOURCES)

check-words:
	@tools/words $(SOURCES)

# Documents that are made from tables are what would be made now.
check-docs:
	@tools/mklocking | diff docs/locking.md - >&2
	@tools/mksyscalls kernel/sys/syscalls.tbl --doc | \
		diff docs/syscalls.md - >&2

# What documents name exists.
check-doc-names:
	@tools/doccheck $(filter %.md,$(SOURCES))

# Each header compiles alone: it includes what it uses.
KHEADERS := $(filter kernel/%.h,$(SOURCES))

check-headers: $(KHEADERS:%=$(K)/%.ok)

$(K)/%.h.ok: %.h Makefile | $(O)/gen/.made
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCFLAGS) -Wno-unused-function -MMD -MP -MF $(@:.ok=.d) \
		-MT $@ -x c -S -o /dev/null $<
	@touch $@

# Both compilers and both builds; clang also checks who holds which lock.
check-gcc:
	@$(MAKE) -s COMPILER=gcc BUILD=release kernel user

check-gcc-debug:
	@$(MAKE) -s COMPILER=gcc BUILD=debug kernel

check-clang:
	@$(MAKE) -s COMPILER=clang BUILD=release kernel

# What it warns of in the debug build, without making one.
check-clang-debug:
	@$(MAKE) -s COMPILER=clang BUILD=debug syntax

.PHONY: syntax
syntax: $(O)/gen/.made
	@printf '%s\n' $(KSRC_C) | xargs -P 2 -n 8 $(KCC) $(KCFLAGS) -fsyntax-only

# How much there is to read: lines of each folder, comments and all, unit tests
# and fuzzers not.
COUNTED := $(filter-out %_test.c,$(filter kernel/%.c kernel/%.h kernel/%.S,\
	$(SOURCES)))
COUNTED := $(foreach f,$(COUNTED),$(if $(findstring /fuzz_,$(f)),,$(f)))

.PHONY: lines
lines:
	@wc -l $(COUNTED) | awk ' \
		$$2 != "total" { \
			sub("/[^/]*$$", "", $$2); \
			files[$$2]++; lines[$$2] += $$1; all += $$1 \
		} \
		END { \
			n = split("lib arch/riscv core mm dev fs proc net sys init", d); \
			for (i = 1; i <= n; i++) \
				printf "%-18s %3d files %6d lines\n", "kernel/" d[i], \
					files["kernel/" d[i]], lines["kernel/" d[i]]; \
			printf "%-18s %3d files %6d lines\n", "all", NR - 1, all \
		}'
