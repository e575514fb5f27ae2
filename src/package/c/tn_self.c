/*
 * Finds the program's own payload and checks the program: see tn_self.h.
 *
 * The file is checked as a whole up to the payload; the payload has checksums of its own, of which the seal holds the
 * first. Where the file cannot be opened (it may be executed but not read, or no descriptor is left), what the kernel
 * loaded from it is checked instead; the segments that start-up code has written to stay out of that.
 */
#define _GNU_SOURCE
#include "tn_self.h"

#include "tn_runtime.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* In assembler: a compiler given an initial value would take it for the value. */
__asm__(".pushsection .note.tn,\"a\",%note\n"
        ".balign 8\n"
        ".globl tn_own_seal\n"
        ".hidden tn_own_seal\n"
        "tn_own_seal:\n"
        ".long 12, 136, 1\n"
        ".asciz \"TorchNative\"\n"
        ".zero 136\n"
        ".popsection\n");
extern const tn_seal tn_own_seal __attribute__((visibility("hidden")));

_Static_assert(sizeof(tn_seal) == 160 && offsetof(tn_seal, file_bytes) == 24, "the note above has this layout");
_Static_assert(TN_SEAL_VERSION == 1, "the note above says so");

/* Where a payload says the hash of its head, see docs/abi.md. */
enum { PAYLOAD_HEAD_HASH = 56 };

static uint64_t hash(const void *bytes, uint64_t count) {
  return (uint64_t)TN_PREFIX(hash64)(bytes, (int64_t)count);
}

/* A chain of hashes of byte ranges: each link is the hash of the one before and of the range. */
static uint64_t chain(uint64_t before, const void *bytes, uint64_t count) {
  const uint64_t link[2] = {before, hash(bytes, count)};
  return hash(link, sizeof link);
}

/* Adds [bytes, bytes+count) without the part of it that the seal covers, which begins `hole` bytes in. */
static uint64_t chain_around(uint64_t before, const unsigned char *bytes, uint64_t count, uint64_t hole) {
  if (hole >= count) return chain(before, bytes, count);
  const uint64_t next = hole + sizeof(tn_seal);
  return chain(chain(before, bytes, hole), bytes + next, count - next);
}

static const Elf64_Phdr *program_headers(uint64_t *count) {
  *count = getauxval(AT_PHNUM);
  return (const Elf64_Phdr *)getauxval(AT_PHDR);
}

static int is_payload(const Elf64_Phdr *segment) {
  const uint64_t offset = tn_own_seal.payload_offset;
  return offset != 0 && segment->p_type == PT_LOAD && segment->p_offset == offset;
}

/* The seal as it is hashed with what it seals. */
static tn_seal unsigned_seal(void) {
  tn_seal seal = tn_own_seal;
  seal.file_hash = 0;
  return seal;
}

/* What elf.ts computes too: the segments in order, each without the seal, then the seal without its hashes. */
static int memory_is_whole(void) {
  uint64_t count;
  const Elf64_Phdr *segments = program_headers(&count);
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; i++) {
    const Elf64_Phdr *segment = &segments[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0 || is_payload(segment)) continue;
    const unsigned char *start = (const unsigned char *)segment->p_vaddr;
    const uintptr_t hole = (uintptr_t)&tn_own_seal - (uintptr_t)start; /* huge when the seal lies before */
    sum = chain_around(sum, start, segment->p_filesz, hole);
  }
  tn_seal seal = unsigned_seal();
  seal.memory_hash = 0;
  return chain(sum, &seal, sizeof seal) == tn_own_seal.memory_hash;
}

/* Where the seal lies in the file. */
static uint64_t seal_offset(void) {
  uint64_t count;
  const Elf64_Phdr *segments = program_headers(&count);
  const uintptr_t address = (uintptr_t)&tn_own_seal;
  for (uint64_t i = 0; i < count; i++) {
    const Elf64_Phdr *segment = &segments[i];
    if (segment->p_type != PT_LOAD || address < segment->p_vaddr) continue;
    if (address - segment->p_vaddr < segment->p_filesz) return address - segment->p_vaddr + segment->p_offset;
  }
  return UINT64_MAX;
}

/* 0 whole, 1 damaged with a message, -1 the file cannot be looked at. */
static int check_file(const char *path, char message[TN_SELF_MESSAGE]) {
  const int file = tn_self_open_file(path, O_RDONLY, 0);
  if (file < 0) return -1;
  struct stat status;
  const uint64_t wanted = tn_own_seal.file_bytes;
  int outcome = -1;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
    const uint64_t bytes = (uint64_t)status.st_size;
    const uint64_t head = tn_own_seal.payload_offset != 0 ? tn_own_seal.payload_offset : wanted;
    if (bytes != wanted) {
      snprintf(message, TN_SELF_MESSAGE, "%s: this executable %s: it has %llu bytes, not the %llu that were packaged",
               path, bytes < wanted ? "was cut off" : "was changed", (unsigned long long)bytes,
               (unsigned long long)wanted);
      outcome = 1;
    } else {
      unsigned char *start = mmap(NULL, head, PROT_READ, MAP_PRIVATE, file, 0);
      if (start != MAP_FAILED) {
        const tn_seal seal = unsigned_seal();
        const uint64_t sum = chain_around(0, start, head, seal_offset());
        outcome = chain(sum, &seal, sizeof seal) == tn_own_seal.file_hash ? 0 : 1;
        munmap(start, head);
        if (outcome == 1) {
          snprintf(message, TN_SELF_MESSAGE, "%s: this executable is damaged or was changed: its checksum is another one",
                   path);
        }
      }
    }
  }
  close(file);
  return outcome;
}

/* The payload's file lies beside the executable itself, not beside a link to it. */
static char *beside(const char *executable, const char *name) {
  char *real = realpath(executable, NULL);
  const char *path = real != NULL ? real : executable;
  const char *slash = strrchr(path, '/');
  const size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  const size_t name_bytes = strlen(name) + 1;
  char *joined = malloc(folder + name_bytes);
  if (joined != NULL) {
    memcpy(joined, path, folder);
    memcpy(joined + folder, name, name_bytes);
  }
  free(real);
  return joined;
}

static int find_payload(tn_self *self, char message[TN_SELF_MESSAGE]) {
  if (tn_own_seal.payload_offset == 0) {
    self->payload_path = beside(self->path, tn_own_seal.payload_file);
    if (self->payload_path != NULL) return 0;
    snprintf(message, TN_SELF_MESSAGE, "no memory");
    return 1;
  }
  uint64_t count;
  const Elf64_Phdr *segments = program_headers(&count);
  for (uint64_t i = 0; i < count; i++) {
    if (!is_payload(&segments[i]) || segments[i].p_filesz != tn_own_seal.payload_bytes) continue;
    self->payload = (const unsigned char *)segments[i].p_vaddr;
    self->payload_bytes = segments[i].p_filesz;
    uint64_t head_hash;
    memcpy(&head_hash, self->payload + PAYLOAD_HEAD_HASH, sizeof head_hash);
    if (head_hash == tn_own_seal.head_hash) return 0;
    break;
  }
  snprintf(message, TN_SELF_MESSAGE, "%s: this executable is damaged or was changed: its payload is another one",
           self->path);
  return 1;
}

int tn_self_open(tn_self *self, char *const *argv, char message[TN_SELF_MESSAGE]) {
  const char *started = (const char *)getauxval(AT_EXECFN);
  *self = (tn_self){.path = started != NULL ? started : argv[0] != NULL ? argv[0] : "?"};
  if (tn_own_seal.file_bytes == 0) {
    snprintf(message, TN_SELF_MESSAGE, "%s: nothing was packaged into this executable", self->path);
    return 1;
  }
  const int checked = check_file(self->path, message);
  if (checked == 1) return 1;
  self->file_checked = checked == 0;
  if (checked < 0 && !memory_is_whole()) {
    snprintf(message, TN_SELF_MESSAGE, "%s: this executable is damaged or was changed: its checksum is another one",
             self->path);
    return 1;
  }
  return find_payload(self, message);
}

static const char *guarded = "";

/* Only what may be done in a signal handler. */
static void on_bus_error(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  const uintptr_t at = (uintptr_t)info->si_addr;
  uint64_t count;
  const Elf64_Phdr *segments = program_headers(&count);
  const char *text = ": a file was cut off while it was in use\n";
  for (uint64_t i = 0; i < count; i++) {
    if (segments[i].p_type == PT_LOAD && at >= segments[i].p_vaddr && at - segments[i].p_vaddr < segments[i].p_memsz) {
      text = ": this executable was cut off, or cannot be read any more\n";
    }
  }
  char line[256];
  size_t length = strnlen(guarded, 128);
  memcpy(line, guarded, length);
  const size_t rest = strlen(text);
  memcpy(line + length, text, rest);
  length += rest;
  if (write(2, line, length) < 0) _exit(1);
  _exit(1);
}

void tn_self_guard(const char *program) {
  guarded = program;
  struct sigaction action = {0};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}

const char *tn_self_base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

int tn_self_open_file(const char *path, int flags, unsigned mode) {
  const int first = open(path, flags | O_CLOEXEC, mode);
  if (first < 0 || first > 2) return first;
  const int file = fcntl(first, F_DUPFD_CLOEXEC, 3);
  const int reason = errno;
  close(first);
  errno = reason;
  return file;
}

void tn_self_buffer_output(void) {
  signal(SIGPIPE, SIG_IGN);
  static char buffer[1 << 20]; /* pages that are not written to cost nothing */
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
}

int tn_self_finish_output(void) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
  if (errno == EPIPE) return 0;
  return errno != 0 ? errno : EIO; /* more than a buffer full, and the reason is gone */
}
