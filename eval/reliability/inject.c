// Makes one call of LMDB, or of the program around it, fail: a library for LD_PRELOAD, so that neither is changed.
//
//   INJECT_CALL   read, write, sync, map, open, rename or allocate
//   INJECT_AT     the number of the call that fails, from 1; 0 only counts
//   INJECT_ERROR  ENOSPC, EIO, ENOMEM, EACCES, or short: half of the bytes are written
//   INJECT_LASTS  1: all later calls of the kind fail too, as on a disk that stays full
//   INJECT_PATH   for read, write, sync and open: only files whose path contains this
//   INJECT_COUNT  a file that the number of calls is written to at the end
//
// read is pread; write is write, writev, pwrite, pwritev and ftruncate; sync is fsync, fdatasync and msync; map is mmap by LMDB; open is
// open for writing; allocate is malloc, calloc, realloc and posix_memalign by LMDB. (A Swift program ends when its own
// allocations fail; that is a crash like a kill, which kills.py tests.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long failing;
static int lasts, error_number, is_short, ready;
static char call_kind[16], path_part[256], count_path[512];
static uintptr_t lmdb_start, lmdb_end;

static int find_lmdb(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size, (void)data;
    if (!info->dlpi_name || !strstr(info->dlpi_name, "liblmdb")) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X)) continue;
        lmdb_start = info->dlpi_addr + header->p_vaddr;
        lmdb_end = lmdb_start + header->p_memsz;
    }
    return 1;
}

static void copy(char *to, size_t size, const char *name) {
    const char *value = getenv(name);
    if (value) snprintf(to, size, "%s", value);
}

__attribute__((constructor)) static void start(void) {
    copy(call_kind, sizeof call_kind, "INJECT_CALL");
    copy(path_part, sizeof path_part, "INJECT_PATH");
    copy(count_path, sizeof count_path, "INJECT_COUNT");
    const char *at = getenv("INJECT_AT"), *error = getenv("INJECT_ERROR"), *more = getenv("INJECT_LASTS");
    failing = at ? atol(at) : 0;
    lasts = more && *more == '1';
    error_number = EIO;
    if (error) {
        is_short = strcmp(error, "short") == 0;
        error_number = !strcmp(error, "ENOSPC")   ? ENOSPC
                       : !strcmp(error, "ENOMEM") ? ENOMEM
                       : !strcmp(error, "EACCES") ? EACCES
                                                  : EIO;
    }
    dl_iterate_phdr(find_lmdb, NULL);
    ready = 1;
}

__attribute__((destructor)) static void finish(void) {
    if (!*count_path) return;
    ready = 0;
    FILE *file = fopen(count_path, "w");
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

static int by_lmdb(const void *caller) { return (uintptr_t)caller >= lmdb_start && (uintptr_t)caller < lmdb_end; }

static int is_watched(int descriptor) {
    if (!*path_part) return 1;
    char link[64], path[1024];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, path_part) != NULL;
}

// Counts a call of `kind`, and says whether it is to fail.
static int fails(const char *kind) {
    if (!ready || strcmp(kind, call_kind) != 0) return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    return failing > 0 && (number == failing || (lasts && number > failing));
}

#define NEXT(result, name, ...) static result (*next)(__VA_ARGS__); if (!next) next = dlsym(RTLD_NEXT, #name)
#define FAIL return errno = error_number, -1

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    NEXT(ssize_t, pread, int, void *, size_t, off_t);
    if (is_watched(descriptor) && fails("read")) {
        if (is_short && count > 1) return next(descriptor, bytes, count / 2, offset);
        FAIL;
    }
    return next(descriptor, bytes, count, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off_t offset) {
    return pread(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    NEXT(ssize_t, write, int, const void *, size_t);
    if (is_watched(descriptor) && fails("write")) {
        if (is_short && count > 1) return next(descriptor, bytes, count / 2);
        FAIL;
    }
    return next(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    NEXT(ssize_t, pwrite, int, const void *, size_t, off_t);
    if (is_watched(descriptor) && fails("write")) {
        if (is_short && count > 1) return next(descriptor, bytes, count / 2, offset);
        FAIL;
    }
    return next(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

static ssize_t written_half(int descriptor, const struct iovec *parts, off_t offset) {
    // LMDB compares with the sum: the first part alone is short when there are more, half of it when there are not.
    NEXT(ssize_t, pwrite, int, const void *, size_t, off_t);
    return next(descriptor, parts[0].iov_base, parts[0].iov_len / 2, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    NEXT(ssize_t, pwritev, int, const struct iovec *, int, off_t);
    if (is_watched(descriptor) && fails("write")) {
        if (is_short) return written_half(descriptor, parts, offset);
        FAIL;
    }
    return next(descriptor, parts, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    NEXT(ssize_t, writev, int, const struct iovec *, int);
    if (is_watched(descriptor) && fails("write")) {
        if (is_short) return written_half(descriptor, parts, lseek(descriptor, 0, SEEK_CUR));
        FAIL;
    }
    return next(descriptor, parts, count);
}

int ftruncate(int descriptor, off_t size) {
    NEXT(int, ftruncate, int, off_t);
    if (is_watched(descriptor) && fails("write")) FAIL;
    return next(descriptor, size);
}

int ftruncate64(int descriptor, off_t size) { return ftruncate(descriptor, size); }

int fsync(int descriptor) {
    NEXT(int, fsync, int);
    if (is_watched(descriptor) && fails("sync")) FAIL;
    return next(descriptor);
}

int fdatasync(int descriptor) {
    NEXT(int, fdatasync, int);
    if (is_watched(descriptor) && fails("sync")) FAIL;
    return next(descriptor);
}

int msync(void *address, size_t size, int flags) {
    NEXT(int, msync, void *, size_t, int);
    if (fails("sync")) FAIL;
    return next(address, size, flags);
}

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
    NEXT(void *, mmap, void *, size_t, int, int, int, off_t);
    if (by_lmdb(__builtin_return_address(0)) && fails("map")) return errno = error_number, MAP_FAILED;
    return next(address, size, protection, flags, descriptor, offset);
}

static int opens_to_write(const char *path, int flags) {
    return (flags & O_ACCMODE) != O_RDONLY && strstr(path, path_part) != NULL;
}

int open(const char *path, int flags, ...) {
    NEXT(int, open, const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    int mode = va_arg(arguments, int);
    va_end(arguments);
    if (opens_to_write(path, flags) && fails("open")) FAIL;
    return next(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = va_arg(arguments, int);
    va_end(arguments);
    return open(path, flags, mode);
}

int rename(const char *from, const char *to) {
    NEXT(int, rename, const char *, const char *);
    if (fails("rename")) FAIL;
    return next(from, to);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    NEXT(int, posix_memalign, void **, size_t, size_t);
    if (by_lmdb(__builtin_return_address(0)) && fails("allocate")) return ENOMEM;
    return next(block, alignment, size);
}

// The loader's own allocations come before dlsym works, so glibc's names are used.
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *malloc(size_t size) {
    if (ready && by_lmdb(__builtin_return_address(0)) && fails("allocate")) return errno = ENOMEM, NULL;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (ready && by_lmdb(__builtin_return_address(0)) && fails("allocate")) return errno = ENOMEM, NULL;
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    if (ready && by_lmdb(__builtin_return_address(0)) && fails("allocate")) return errno = ENOMEM, NULL;
    return __libc_realloc(block, size);
}
