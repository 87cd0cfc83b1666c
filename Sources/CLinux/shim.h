#ifndef IMPORTAHEAD_CLINUX_H
#define IMPORTAHEAD_CLINUX_H
// Embedded Swift has no Glibc module: the core reaches libc through this header.
// _GNU_SOURCE comes first so that statx, close_range and the rest are declared.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

// errno is a macro over a thread-local; Swift cannot import it.
static inline int importahead_errno(void) { return errno; }
#endif
