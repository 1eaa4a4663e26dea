# Build: `make`, tests: `make check`, a whole campaign: `make demo`. Everything is built under $(BUILD).
BUILD ?= build
CC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
OPTIMIZE ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE $(OPTIMIZE) $(WARNINGS) -fno-common -fstack-protector-strong $(CFLAGS)
CFLAGS_AGENT_CORE = -std=c99 $(OPTIMIZE) $(WARNINGS) -fno-common $(CFLAGS)
DEPENDENCIES = -MMD -MP

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SUFFIXES:

include build.mk

all: programs
