# Rowhouse.  `make run` tries it, `make test` proves it; `make help` lists the rest.
#
#	make SAN=address,undefined	a build of its own, with sanitizers
#	make O=DIR			objects and programs elsewhere
#	make V=1			whole commands
#	make install DESTDIR= prefix=/usr/local
#
# CC, AR, CFLAGS, CPPFLAGS, LDFLAGS and WERROR are the builder's: they come
# from the command line or the environment and are added to, never replaced.

SAN     ?=
O       ?= build$(if $(SAN),/san)
prefix  ?= /usr/local
DESTDIR ?=

CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
WERROR  ?= -Werror
INSTALL ?= install

# make V=1 shows whole commands
Q       := $(if $(V),,@)
say      = $(if $(V),@:,@printf '  %-5s %s\n' '$(1)' '$@')

WARN    := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes \
           -Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 $(WERROR)
HARDEN  := -fPIE -fstack-protector-strong

# Fortification needs optimization, and is the builder's where he asked for it.
ifneq ($(filter-out -O0,$(filter -O%,$(CFLAGS))),)
ifeq ($(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),)
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
endif
ifneq ($(SAN),)
HARDEN  := -fPIE
FORTIFY :=
SANITIZED := -DSANITIZED
SANITIZE := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

COMMA   := ,
ALL_CPPFLAGS := -I. -D_GNU_SOURCE $(SANITIZED) $(FORTIFY) $(CPPFLAGS)
ALL_CFLAGS := -std=c11 $(CFLAGS) $(WARN) $(HARDEN) $(SANITIZE)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)

# What stands in a release, so that the server it goes to need not have it.
# libcurl does not: Debian has no archive of the Kerberos that it is made with.
SHIPPED := -lfcgi -lsqlite3 -lsodium -llz4 -lseccomp
LIBS    := $(if $(STATIC),-Wl$(COMMA)-Bstatic $(SHIPPED) -Wl$(COMMA)-Bdynamic,$(SHIPPED)) \
           -lcurl -lcrypto -lm -pthread

BASE    := $(wildcard tenants/base/*.c)
TENANTS := $(wildcard tenants/*.c)
FCGI    := $(wildcard fcgi/*.c)
REPLICATION := $(wildcard replication/*.c)
UNIT    := $(wildcard tests/unit/test_*.c)
UNIT_SUPPORT := $(filter-out $(UNIT),$(wildcard tests/unit/*.c))
TOOLS   := $(wildcard tests/tools/*.c)
TOOL_SUPPORT := $(wildcard tests/tools/support/*.c)
BENCH   := $(wildcard tests/bench/*.c)

obj      = $(patsubst %.c,$(O)/%.o,$(1))
ARCHIVES := $(O)/libfcgi_rowhouse.a $(O)/libreplication.a $(O)/libtenants.a \
            $(O)/libbase.a
UNIT_BIN := $(patsubst tests/unit/%.c,$(O)/tests/%,$(UNIT))
TOOL_BIN := $(patsubst tests/tools/%.c,$(O)/tools/%,$(TOOLS))
BENCH_BIN := $(patsubst tests/bench/%.c,$(O)/bench/%,$(BENCH))

all: $(O)/rowhouse

$(O)/rowhouse: $(call obj,rowhouse.c) $(ARCHIVES)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(O)/libfcgi_rowhouse.a: $(call obj,$(FCGI))
$(O)/libreplication.a: $(call obj,$(REPLICATION))
$(O)/libtenants.a: $(call obj,$(TENANTS))
$(O)/libbase.a: $(call obj,$(BASE))
$(O)/lib%.a:
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# What a compiler was told last; objects made otherwise are made again.
TOLD    := $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)
$(shell mkdir -p $(O))
$(file >$(O)/told.new,$(TOLD))
$(shell cmp -s $(O)/told.new $(O)/told || cp $(O)/told.new $(O)/told)

$(O)/%.o: %.c $(O)/told | $(O)/headers
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Are the libraries there?  Asked once, so that the answer is a sentence and
# not the compiler's.
$(O)/headers:
	@CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' scripts/deps check
	@touch $@

$(O)/tests/%: $(O)/tests/unit/%.o $(call obj,$(UNIT_SUPPORT)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) -lcmocka $(LIBS)

$(O)/tools/%: $(O)/tests/tools/%.o $(call obj,$(TOOL_SUPPORT)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(O)/bench/%: $(O)/tests/bench/%.o $(call obj,$(TOOL_SUPPORT)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

# A release that does not do, for the tests of deploying.
$(O)/broken: $(call obj,rowhouse.c tests/deploy/broken.c) $(ARCHIVES)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--wrap=conn_answer \
	    -Wl,--wrap=replicator_run -Wl,--wrap=scoreboard_map \
	    -o $@ $(filter %.o %.a,$^) $(LIBS)

tools: $(TOOL_BIN) $(O)/broken

# What scripts/deploy sends: with as few libraries of the server's as can be.
release:
	@$(MAKE) --no-print-directory O=$(O)/release STATIC=yes all

# Programs of the tests, without running them.
programs: all tools $(UNIT_BIN)

run:
	@scripts/deps run
	@$(MAKE) --no-print-directory all
	@O=$(O) scripts/dev

# What is needed, then what is built, then everything in one prove.  A choice:
# make test TESTS='tests/e2e/*.t'
test:
	@scripts/deps test
	@$(MAKE) --no-print-directory programs
	@O=$(O) tests/run $(TESTS)

unit: all $(UNIT_BIN)
	@O=$(O) tests/run $(UNIT_BIN)

e2e: programs
	@O=$(O) tests/run tests/e2e/*.t

fuzz:
	@O=$(O) tests/fuzz/run.sh

# Every pair of faults between a store in S3 and its client (an hour).
faults: programs
	@scripts/deps faults
	@FAULTS=all TEST_TIMEOUT=7200 O=$(O) tests/run tests/store/*.t

# sqlmap at every parameter of the application that ships (three minutes).
sqlmap: programs
	@scripts/deps sqlmap
	@TEST_TIMEOUT=7200 O=$(O) tests/run tests/sqlmap/*.t

# Of a million mixed requests of fifty tenants no answer holds what is another's
# (ten minutes).
isolation: programs
	@scripts/deps test
	@REQUESTS=1000000 TEST_TIMEOUT=7200 O=$(O) tests/run tests/app/12*.t

# A fresh Debian in a virtual machine is made ready, deployed to, rebooted, cut off and
# lost (downloads Debian; minutes with KVM, most of an hour without).
test-machine: programs
	@scripts/deps machine
	@$(MAKE) --no-print-directory release
	@TEST_TIMEOUT=7200 JOBS=1 O=$(O) tests/run tests/machine/*.t

# Planted bugs, one after the other: each must be caught (10 minutes).
mutants:
	@scripts/deps test
	@tests/mutants/run

bench:
	@scripts/deps bench
	@$(MAKE) --no-print-directory all tools $(BENCH_BIN)
	@O=$(O) tests/bench/run
	@O=$(O) tests/bench/crowd
	@O=$(O) tests/bench/domains
	@O=$(O) tests/bench/replication

lint: programs
	@O=$(O) scripts/lint

share   := $(DESTDIR)$(prefix)/share/rowhouse
doc     := $(DESTDIR)$(prefix)/share/doc/rowhouse
units   := $(DESTDIR)$(prefix)/lib/systemd

install: all
	$(INSTALL) -d $(DESTDIR)$(prefix)/bin $(share)/scripts $(share)/caddy/operator \
	    $(share)/app $(doc) $(units)/system $(DESTDIR)$(prefix)/lib/sysusers.d \
	    $(DESTDIR)$(prefix)/share/man/man1 \
	    $(DESTDIR)$(prefix)/lib/tmpfiles.d
	$(INSTALL) -m 755 $(O)/rowhouse $(DESTDIR)$(prefix)/bin/
	$(INSTALL) -m 755 scripts/restore scripts/caddy $(share)/scripts/
	$(INSTALL) -m 644 caddy/Caddyfile caddy/*.caddy $(share)/caddy/
	$(INSTALL) -m 644 caddy/operator/* $(share)/caddy/operator/
	cp -R tenants/app/. $(share)/app/
	chmod -R u=rwX,go=rX $(share)/app
	for unit in scripts/systemd/*.service scripts/systemd/*.socket; do \
	    sed 's|/usr/local|$(prefix)|g' $$unit >$(units)/system/$${unit##*/} || exit; \
	done
	chmod 644 $(units)/system/rowhouse-*
	$(INSTALL) -m 644 scripts/systemd/rowhouse.sysusers.conf \
	    $(DESTDIR)$(prefix)/lib/sysusers.d/rowhouse.conf
	$(INSTALL) -m 644 scripts/systemd/rowhouse.tmpfiles.conf \
	    $(DESTDIR)$(prefix)/lib/tmpfiles.d/rowhouse.conf
	$(INSTALL) -m 644 rowhouse.1 $(DESTDIR)$(prefix)/share/man/man1/
	$(INSTALL) -m 644 README.md ARCHITECTURE.md STYLE.md CHANGELOG.md LICENSE \
	    replication/COST.md tenants/ENDPOINTS.md fcgi/OPERATOR.md $(doc)/

clean:
	rm -rf $(O)

help:
	@echo 'make           build $(O)/rowhouse'
	@echo 'make run       install what is missing, build, try it on port 8080 (PORT=N)'
	@echo 'make test      install what is missing, build, run every test'
	@echo 'make unit      unit tests alone'
	@echo 'make e2e       end-to-end tests alone'
	@echo 'make fuzz      the fuzz targets, for a short while'
	@echo 'make faults    every pair of faults that a store in S3 can have'
	@echo 'make sqlmap    sqlmap at every parameter of the shipped application'
	@echo 'make isolation a million requests of fifty tenants, none of which meets another'
	@echo 'make test-machine  install, deploy and loss of a whole (virtual) Debian machine'
	@echo 'make mutants   bugs planted to see the tests catch them'
	@echo 'make bench     what requests cost, and what replication does (13 minutes)'
	@echo 'make lint      the rules of STYLE.md that a program can check'
	@echo 'make install   DESTDIR= prefix=/usr/local'
	@echo 'make release   what scripts/deploy sends to a server'
	@echo 'make clean     remove $(O)'
	@echo 'SAN=address,undefined with any of these: a build with sanitizers'

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all run test unit e2e fuzz faults sqlmap isolation test-machine mutants bench lint tools programs install \
        release clean help
.SECONDARY:
