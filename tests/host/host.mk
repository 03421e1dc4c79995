# Unit tests and fuzzers of the code that knows no machine, built for the host
# under the address and undefined-behaviour sanitizers.
#
# kernel/DIR/X_test.c becomes the program $(O)/host/X_test: it links DIR/X.c, if
# there is one, tests/host/fake.c and replay.c, and what a line in it asks for:
#
#	/* links: lib/fmt.c mm/frame.c */
#
# with paths from kernel/.  A kernel/DIR/fuzz_X.c becomes $(O)/host/fuzz_X in
# the same way, with libFuzzer; it starts from the inputs in
# tests/host/corpus/X and gathers more in $(O)/host/corpus/X.
#
#	make host          builds the tests
#	make host-tests    runs them, printing TAP
#	make host-check    runs them, printing what failed
#	make host-fuzz     runs each fuzzer for FUZZ_SECONDS
#	make host-fuzz-X   runs one

FUZZ_SECONDS ?= 5

H := $(O)/host

HTESTS := $(wildcard kernel/*/*_test.c kernel/*/*/*_test.c)
HFUZZ  := $(wildcard kernel/*/fuzz_*.c kernel/*/*/fuzz_*.c)

# Words of the form FILE=LINKED, for every file that a test or fuzzer names.
HLINKS := $(shell awk '$$2 == "links:" { \
	for (i = 3; i < NF; i++) print FILENAME "=kernel/" $$i }' \
	$(HTESTS) $(HFUZZ) /dev/null)

# The sources of the program of a test or fuzzer: itself, its subject, the rest.
hsources = $(1) $(wildcard $(1:%_test.c=%.c)) \
	$(wildcard $(dir $(1))$(patsubst fuzz_%,%,$(notdir $(1)))) \
	$(patsubst $(1)=%,%,$(filter $(1)=%,$(HLINKS)))

HFLAGS := -std=gnu11 -D_GNU_SOURCE -DCONFIG_DEBUG=1 -O1 -g \
	-fno-omit-frame-pointer -fno-strict-aliasing $(WARN) \
	-fno-sanitize-recover=all -Ikernel -Itests/host

HCC  = $(HOSTCC) $(HFLAGS) -fsanitize=address,undefined
HFCC = clang $(HFLAGS) -fsanitize=address,undefined,fuzzer-no-link

# The kernel's own memcpy and its like must not become the host's.
$(H)/test/kernel/lib/string.c.o $(H)/fuzz/kernel/lib/string.c.o: HFLAGS += \
	-fno-builtin -include tests/host/string_names.h

# What asks for its hart gets that of a machine which the test makes up.
HFAKED := $(foreach d,test fuzz,$(patsubst %,$(H)/$(d)/kernel/%.c.o,\
	core/timer core/timer_test fs/lock_wait fs/regular mm/frame \
	mm/frame_test mm/iovec \
	mm/object mm/object_dirty mm/object_fill mm/object_test mm/reclaim))
$(HFAKED): HFLAGS += -include tests/host/fake_machine.h

# linux/stat.h keeps the bits of modes from programs that have glibc's.
$(H)/test/kernel/fs/%.c.o $(H)/fuzz/kernel/fs/%.c.o: HFLAGS += -D__KERNEL__
$(H)/test/kernel/fs/%_test.c.o: HFLAGS += -U__KERNEL__
$(foreach d,test fuzz,$(H)/$(d)/kernel/fs/fuzz_%.c.o): HFLAGS += -U__KERNEL__

$(H)/test/%.c.o: %.c tests/host/host.mk Makefile
	$(call say,HOST,$<)
	@mkdir -p $(@D)
	$(Q)$(HCC) -MMD -MP -c -o $@ $<

$(H)/fuzz/%.c.o: %.c tests/host/host.mk Makefile
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(HFCC) -MMD -MP -c -o $@ $<

# $(1) the source, $(2) the program
define htest
$(2): $(patsubst %,$(H)/test/%.o,$(sort $(call hsources,$(1)) \
	tests/host/fake.c $(if $(findstring fuzz_,$(call hsources,$(1))),\
	tests/host/replay.c)))
	$$(call say,LINK,$$@)
	$$(Q)$$(HCC) -o $$@ $$^ -lcmocka
endef

define hfuzz
$(2): $(patsubst %,$(H)/fuzz/%.o,$(sort $(call hsources,$(1)) \
	tests/host/fake_fuzz.c))
	$$(call say,LINK,$$@)
	$$(Q)$$(HFCC) -fsanitize=fuzzer -o $$@ $$^ -lcmocka
endef

hprogram = $(H)/$(notdir $(1:.c=))
HPROGRAMS := $(foreach f,$(HTESTS),$(call hprogram,$(f)))
HFUZZERS  := $(foreach f,$(HFUZZ),$(call hprogram,$(f)))

$(if $(filter-out $(words $(HPROGRAMS)),$(words $(sort $(HPROGRAMS)))),\
	$(error two unit tests have the same name))

$(foreach f,$(HTESTS),$(eval $(call htest,$(f),$(call hprogram,$(f)))))
$(foreach f,$(HFUZZ),$(eval $(call hfuzz,$(f),$(call hprogram,$(f)))))

# ext2_crash_test asks e2fsck thousands of times, which is loaded once.  In its
# long form it goes without the sanitizers, as ext2_crash_fast.
$(H)/ext2_crash_test $(H)/ext2_crash_fast: | $(H)/again_main.so

$(H)/again_main.so: tests/host/again_main.c tests/host/host.mk Makefile
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARN) -shared -fPIC -o $@ $<

CRASHFAST := $(patsubst %,$(H)/fast/%.o,$(sort tests/host/fake.c \
	$(call hsources,kernel/fs/ext2_crash_test.c)))

$(H)/fast/kernel/lib/string.c.o: HFLAGS += \
	-fno-builtin -include tests/host/string_names.h
$(HFAKED:$(H)/test/%=$(H)/fast/%): HFLAGS += \
	-include tests/host/fake_machine.h
$(H)/fast/kernel/fs/%.c.o: HFLAGS += -D__KERNEL__
$(H)/fast/kernel/fs/%_test.c.o: HFLAGS += -U__KERNEL__

$(H)/fast/%.c.o: %.c tests/host/host.mk Makefile
	$(call say,FAST,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(filter-out -O1,$(HFLAGS)) -O2 -MMD -MP -c -o $@ $<

$(H)/ext2_crash_fast: $(CRASHFAST)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -o $@ $^ -lcmocka

.PHONY: host host-tests host-check host-fuzz host-fuzzers
host: $(HPROGRAMS)

host-tests: host
	@status=0; for t in $(HPROGRAMS); do echo "# $$t"; \
	CMOCKA_MESSAGE_OUTPUT=TAP ./$$t || status=1; done; exit $$status

host-check: host
	@CMOCKA_MESSAGE_OUTPUT=TAP prove -q -j 2 -e '' $(HPROGRAMS)

host-fuzzers: $(HFUZZERS)

host-fuzz: $(patsubst $(H)/fuzz_%,host-fuzz-%,$(HFUZZERS))

host-fuzz-%: $(H)/fuzz_%
	$(call say,RUN,$<)
	@mkdir -p $(H)/corpus/$*
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -timeout=30 -rss_limit_mb=1024 \
		-artifact_prefix=$(H)/corpus/$*- $(H)/corpus/$* \
		$(wildcard tests/host/corpus/$*) >$(H)/fuzz_$*.log 2>&1 || \
	{ tail -n 40 $(H)/fuzz_$*.log; exit 1; }
	@tail -n 1 $(H)/fuzz_$*.log

# ---- damaged disks -----------------------------------------------------------
#
# The same as the fuzzer's, in a file for a machine: tests/boot/bad-images.t.

.PHONY: bad-images
bad-images: $(H)/bad_images

$(H)/bad_images: $(patsubst %,$(H)/test/tests/host/%.c.o,\
	bad_images bad_image fake)
	$(call say,LINK,$@)
	$(Q)$(HCC) -o $@ $^ -lcmocka

# ---- the memory core against a reference ------------------------------------
#
# kernel/mm's own files over a simulated machine (tests/host/mm), built three
# times: to be fast, under the sanitizers, and under them with a place to change
# harts before each atomic operation.
#
#	mm_history          random and exhaustive histories, for the long counts
#	mm_history_checked  the same under the sanitizers
#	mm_schedules        several harts at once, in every order

MMCORE := $(patsubst %,kernel/%.c,lib/page lib/xmap mm/access mm/advise \
	mm/fault mm/map mm/mm mm/object mm/object_dirty mm/object_fill \
	mm/reclaim mm/region mm/remap mm/room mm/stock mm/table mm/tree mm/usercopy)
MMSIM  := $(patsubst %,tests/host/mm/%.c,compare kernel machine model world)
MMHIST := $(MMCORE) $(MMSIM) $(patsubst %,tests/host/mm/%.c,exhaust history)
MMSCHED := $(MMCORE) $(MMSIM) $(patsubst %,tests/host/mm/%.c,\
	scenarios schedule)

MMFLAGS := -include tests/host/fake_machine.h -Itests/host/mm
MMCC_fast    = $(HOSTCC) $(filter-out -O1,$(HFLAGS)) -O2 $(MMFLAGS)
MMCC_checked = $(HCC) $(MMFLAGS)
MMCC_points  = $(HCC) $(MMFLAGS)

# The simulated machine itself does each thing at once.
$(MMCORE:%=$(H)/mm-points/%.o): MMFLAGS := \
	-include tests/host/mm/points.h $(MMFLAGS)

define mmvariant
$(H)/mm-$(1)/%.c.o: %.c tests/host/host.mk Makefile
	$$(call say,HOST,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(MMCC_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach v,fast checked points,$(eval $(call mmvariant,$(v))))

# $(1) program, $(2) variant, $(3) sources
define mmprogram
$(H)/$(1): $(3:%=$(H)/mm-$(2)/%.o)
	$$(call say,LINK,$$@)
	$$(Q)$$(MMCC_$(2)) -o $$@ $$^
endef
$(eval $(call mmprogram,mm_history,fast,$(MMHIST)))
$(eval $(call mmprogram,mm_history_checked,checked,$(MMHIST)))
$(eval $(call mmprogram,mm_schedules,points,$(MMSCHED)))

MMPROGRAMS := $(patsubst %,$(H)/%,mm_history mm_history_checked mm_schedules)

.PHONY: mm-core
mm-core: $(MMPROGRAMS)
