# Builds calf: the kernel (release and debug), the programs of its initramfs,
# the host's tools, and the checks.  `make help` says what can be asked for.
#
# Everything built goes below $(O).  A kernel's objects lie in a folder named
# for how they were built, so gcc and clang, release and debug live side by
# side and nothing is ever built twice for having been built otherwise.

O        ?= build
BUILD    ?= release
COMPILER ?= gcc
V        ?= 0

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

ifeq ($(filter $(BUILD),release debug),)
$(error BUILD is release or debug, not '$(BUILD)')
endif
ifeq ($(filter $(COMPILER),gcc clang),)
$(error COMPILER is gcc or clang, not '$(COMPILER)')
endif

CROSS   := riscv64-linux-gnu-
HOSTCC  ?= cc
OBJCOPY := $(CROSS)objcopy
LD      := $(CROSS)ld
NM      := $(CROSS)nm
UAPI    := /usr/riscv64-linux-gnu/include

K := $(O)/$(BUILD)$(if $(filter clang,$(COMPILER)),-clang)

# V=1 shows commands whole; otherwise a word and what is made.
Q   := $(if $(filter 1,$(V)),,@)
say  = @$(if $(filter 1,$(V)),:,printf '  %-6s %s\n' $(1) $(2))

# The default.
.PHONY: all
all: kernel user initramfs tools

# ---- the kernel -------------------------------------------------------------

KSRC_C := $(filter-out %_test.c,$(foreach d,kernel kernel/arch,\
	$(wildcard $(d)/*/*.c)))
KSRC_C := $(foreach f,$(KSRC_C),$(if $(filter fuzz_%,$(notdir $(f))),,$(f)))
KSRC_S := $(wildcard kernel/arch/riscv/*.S)
KOBJ   := $(KSRC_C:%=$(K)/%.o) $(KSRC_S:%=$(K)/%.o)

WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla

ifeq ($(COMPILER),clang)
KCC   := clang --target=riscv64-linux-gnu
KARCH := -march=rv64imac -mabi=lp64
KWARN := $(WARN) -Wthread-safety
else
KCC   := $(CROSS)gcc
KARCH := -march=rv64imac -misa-spec=2.2 -mabi=lp64
KWARN := $(WARN)
endif

# The frame limits keep a chain of some twenty calls within a kernel stack;
# the sanitizer's checks make debug code about twice as hungry.
ifeq ($(BUILD),debug)
KBUILD := -DCONFIG_DEBUG=1 -fsanitize=undefined -Wframe-larger-than=1536
else
KBUILD := -DCONFIG_DEBUG=0 -Wframe-larger-than=768
endif

KINC   := -Ikernel -I$(O)/gen -idirafter $(UAPI)
KFLAGS := -std=gnu11 -ffreestanding -nostdlib -fno-common -fno-pic \
	-mcmodel=medany -fno-stack-protector -fno-strict-aliasing \
	-fno-omit-frame-pointer -ffunction-sections -fdata-sections -O2 -g
KCFLAGS := $(KFLAGS) $(KARCH) $(KWARN) $(KBUILD) $(KINC)

# Assembly saves the float registers, which the C code must never touch.
KASFLAGS := $(subst rv64imac,rv64gc,$(KCFLAGS))

KLDS     := kernel/arch/riscv/kernel.ld
KLDFLAGS := -nostdlib -static --gc-sections --build-id=none --fatal-warnings \
	--no-warn-rwx-segments -z max-page-size=4096 -T $(KLDS)

.PHONY: kernel
kernel: $(K)/Image

$(K)/%.c.o: %.c Makefile | $(O)/gen/.made
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCFLAGS) -MMD -MP -c -o $@ $<

$(K)/%.S.o: %.S Makefile | $(O)/gen/.made
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KASFLAGS) -MMD -MP -c -o $@ $<

# The kernel prints its own backtraces, so the last link includes a table of
# the symbols of the one before.  The table lies behind the code, but its length
# can still decide how short the linker makes a jump beyond it; so the first
# table is only as long as the last one.
$(K)/ksyms0.S: tools/mksyms
	@mkdir -p $(@D)
	$(Q)tools/mksyms </dev/null >$@

$(K)/ksyms1.S: $(K)/calf0.elf tools/mksyms
	$(Q)$(NM) -n $< | tools/mksyms >$@

$(K)/ksyms.S: $(K)/calf1.elf tools/mksyms
	$(Q)$(NM) -n $< | tools/mksyms >$@

$(K)/ksyms0.o $(K)/ksyms1.o $(K)/ksyms.o: %.o: %.S
	$(Q)$(KCC) $(KASFLAGS) -c -o $@ $<

# A list of the objects, changed when a source comes or goes.
$(K)/objects: always
	@mkdir -p $(@D)
	@echo '$(KOBJ)' | cmp -s - $@ || echo '$(KOBJ)' >$@

$(K)/calf0.elf: $(KOBJ) $(K)/ksyms0.o $(KLDS) $(K)/objects
	$(Q)$(LD) $(KLDFLAGS) -o $@ $(KOBJ) $(K)/ksyms0.o

$(K)/calf1.elf: $(K)/calf0.elf $(K)/ksyms1.o
	$(Q)$(LD) $(KLDFLAGS) -o $@ $(KOBJ) $(K)/ksyms1.o

$(K)/calf.elf: $(K)/calf1.elf $(K)/ksyms.o
	$(call say,LD,$@)
	$(Q)$(LD) $(KLDFLAGS) -o $@ $(KOBJ) $(K)/ksyms.o
	$(Q)$(NM) -n $@ | tools/mksyms | cmp -s - $(K)/ksyms.S || \
	{ echo '$@: code moved between the two links' >&2; exit 1; }

$(K)/Image: $(K)/calf.elf
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

# Tables made from kernel/sys/syscalls.tbl, for what includes "sys/….h" out
# of $(O)/gen.  The generator gets the table and the folder.
MKSYSCALLS := $(wildcard tools/mksyscalls)
SYSTBL     := $(wildcard kernel/sys/syscalls.tbl)

$(O)/gen/.made: $(MKSYSCALLS) $(SYSTBL)
	@mkdir -p $(O)/gen/sys
	$(Q)$(if $(MKSYSCALLS),$(if $(SYSTBL),\
	$(MKSYSCALLS) $(SYSTBL) $(O)/gen))
	@touch $@

# ---- programs for the guest -------------------------------------------------

UCC    := $(CROSS)gcc
UFLAGS := -std=gnu11 -Os -static -s -ffunction-sections -fdata-sections \
	-Wall -Wextra -Werror -Wl,--gc-sections

UPROGS := $(patsubst user/%.c,$(O)/user/%,$(wildcard user/*.c))
GSRC   := $(wildcard tests/guest/*.c)
GOBJ   := $(GSRC:%.c=$(O)/%.o)
GUEST  := $(if $(GSRC),$(O)/tests/guest/guest)

BOOTPROGS := $(patsubst %.c,$(O)/%,$(wildcard tests/boot/*.c))

# Not for the initramfs: `./calf bench` adds them.
BENCHES := $(patsubst %.c,$(O)/%,$(wildcard bench/*.c))

.PHONY: user
user: $(UPROGS) $(GUEST) $(BOOTPROGS) $(BENCHES)

# A program is NAME.c and, if there is a folder NAME, what lies in that.
.SECONDEXPANSION:
$(UPROGS) $(BOOTPROGS) $(BENCHES): $(O)/%: %.c $$(wildcard $$*/*.[ch]) Makefile
	$(call say,USER,$<)
	@mkdir -p $(@D)
	$(Q)$(UCC) $(UFLAGS) -o $@ $(filter %.c,$^)

# Tests are optimised as programs are, and threads are linked whole.
$(O)/tests/guest/%.o: tests/guest/%.c Makefile
	$(call say,GUEST,$<)
	@mkdir -p $(@D)
	$(Q)$(UCC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -pthread -MMD -MP \
		-c -o $@ $<

$(O)/tests/guest/guest: $(GOBJ)
	$(call say,LINK,$@)
	$(Q)$(UCC) -static -pthread -s -o $@ $(GOBJ) -lm

# ---- the initramfs ----------------------------------------------------------

# The distribution's busybox, if it could be had (`make busybox`, `./calf`): then
# it is the shell and the tools, and ours go by their own names only.
BUSYBOX := $(if $(wildcard $(O)/busybox/version),$(O)/busybox/busybox)

.PHONY: busybox
busybox:
	$(Q)tools/busybox $(O)/busybox

# Where the program user/$(1).c lies.
place = $(if $(filter init,$(1)),/init,/bin/$(if $(filter sh,$(1)),calfsh,$(1)))

# /init, /bin, /tests, /etc and the empty folders that programs look for.
INITRAMFS := $(O)/initramfs.cpio
IDIRS     := /bin /dev /etc /home /mnt /proc /root /run /sbin /sys /tests /tmp \
	/usr /var/log /var/tmp
IFILES    := $(foreach p,$(UPROGS),$(p):$(call place,$(notdir $(p)))) \
	$(if $(BUSYBOX),$(BUSYBOX):/bin/busybox) \
	$(if $(GUEST),$(GUEST):/tests/guest)
RETC      := $(wildcard user/etc/*)

# A program is in /bin also under the names in its lines /* names: ... */,
# unless busybox has them.
names = $(shell sed -n 's,^/\* names: \(.*\) \*/$$,\1,p' user/$(1).c)
LINKS := $(O)/links

# What the guest gets was made with a busybox or without.
$(O)/userland: always
	@echo '$(BUSYBOX)' | cmp -s - $@ || echo '$(BUSYBOX)' >$@

$(LINKS)/.made: $(BUSYBOX) $(O)/userland $(wildcard user/*.c) Makefile
	$(Q)rm -rf $(LINKS) && mkdir -p $(LINKS)/bin $(LINKS)/usr $(LINKS)/var
	$(Q)ln -s ../bin $(LINKS)/usr/bin && ln -s ../sbin $(LINKS)/usr/sbin && \
		ln -s ../run $(LINKS)/var/run
	$(Q)for name in $$(cat $(BUSYBOX:%/busybox=%/applets) </dev/null); do \
		ln -s busybox $(LINKS)/bin/$$name || exit 1; done
	$(Q)$(foreach p,$(notdir $(UPROGS)),for name in $(call names,$(p)); do \
		[ -L $(LINKS)/bin/$$name ] || \
		ln -s $(notdir $(call place,$(p))) $(LINKS)/bin/$$name || \
		exit 1; done;)
	@touch $@

.PHONY: initramfs
initramfs: $(INITRAMFS)

USERLAND := $(UPROGS) $(GUEST) $(BUSYBOX) $(LINKS)/.made $(RETC) Makefile

# A list of mounts is for a disk.
$(INITRAMFS): $(USERLAND) $(O)/tools/mkcpio
	$(call say,CPIO,$@)
	$(Q)$(O)/tools/mkcpio $(IDIRS:%=-d %) $(IFILES) \
		$(foreach d,bin usr var,$(LINKS)/$(d):/$(d)) \
		$(foreach f,$(filter-out %/fstab,$(RETC)),$(f):/etc/$(notdir $(f))) \
		>$@

# ---- the disk ---------------------------------------------------------------

# The same on an ext3 disk, with a list of mounts.  Of 64 MiB, of which the
# contents take some 10, the rest is for who uses it.
ROOTIMG   := $(O)/root.img
ROOTSIZE  := 64M

.PHONY: disk
disk: $(ROOTIMG)

$(ROOTIMG): $(USERLAND) tools/disk
	$(call say,DISK,$@)
	$(Q)rm -rf $(O)/root && mkdir -p $(IDIRS:%=$(O)/root%)
	$(Q)chmod 755 $(O)/root && chmod 700 $(O)/root/root && \
		chmod 1777 $(O)/root/tmp $(O)/root/var/tmp
	$(Q)$(foreach f,$(IFILES),cp $(subst :, $(O)/root,$(f)) &&) \
		mv $(O)/root/init $(O)/root/sbin/init
	$(Q)cp -R $(foreach d,bin usr var,$(LINKS)/$(d)) $(O)/root
	$(Q)install -m 644 $(RETC) $(O)/root/etc
	$(Q)tools/disk make $@ $(ROOTSIZE) $(O)/root

# ---- tools for the host -----------------------------------------------------

HOSTFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE $(WARN)
HOSTTOOLS := $(patsubst tools/%.c,$(O)/tools/%,$(wildcard tools/*.c))

.PHONY: tools
tools: $(HOSTTOOLS)

$(O)/tools/%: tools/%.c Makefile
	$(call say,HOST,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $<

# ---- tests and checks -------------------------------------------------------

# What rebuilds a disk from the log of its writes, and judges it.
CRASHTOOLS := $(patsubst %.c,$(O)/%,$(wildcard tests/crash/*.c))

.PHONY: crash
crash: $(CRASHTOOLS)

$(CRASHTOOLS): $(O)/%: %.c Makefile
	$(call say,HOST,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $<

# Unit tests and fuzzers of the code that knows no machine.
-include tests/host/host.mk
include tools/checks.mk

.PHONY: tests
tests: user tools disk crash $(HPROGRAMS) $(HFUZZERS) $(MMPROGRAMS) \
	$(H)/ext2_crash_fast

# ---- the rest ---------------------------------------------------------------

# For editors: how each kernel source is compiled, by gcc's line.
compile_commands.json: $(K)/objects Makefile
	$(call say,JSON,$@)
	@{ printf '['; sep=; \
	for f in $(KSRC_C); do \
		printf '%s\n{"directory":"%s","file":"%s","command":"%s"}' \
			"$$sep" '$(CURDIR)' "$$f" \
			"$(KCC) $(KCFLAGS) -c -o $(K)/$$f.o $$f"; \
		sep=,; \
	done; printf '\n]\n'; } >$@

.PHONY: clean
clean:
	rm -rf $(O) compile_commands.json

.PHONY: help
help:
	@printf '%s\n' \
	'make                       kernel, user programs, initramfs, host tools' \
	'make kernel                the kernel: $$(O)/$$(BUILD)/Image, calf.elf' \
	'make user                  programs and tests for the guest' \
	'make initramfs             $$(O)/initramfs.cpio' \
	'make disk                  the same on a disk: $$(O)/root.img' \
	'make busybox               fetches $$(O)/busybox, which the two then have' \
	'make tools                 programs for the host' \
	'make check                 format, layers, headers, words, host tests …' \
	'make lines                 how much there is to read' \
	'make compile_commands.json for editors' \
	'make clean                 removes what was built' \
	'' \
	'O=build             the folder for all that is built' \
	'BUILD=release       or debug: assertions, lock checks, sanitizer' \
	'COMPILER=gcc        or clang, for the kernel' \
	'V=1                 shows the commands'

.PHONY: always
always:

-include $(shell find $(O) -name '*.d' 2>/dev/null)
