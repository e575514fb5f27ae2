/*
 * A packaged program and its own file: where its payload lies, and whether the file is what packaging wrote.
 *
 * The linker leaves a note (`tn_seal`, section .note.tn) in the executable. Packaging (src/package/elf.ts) appends the
 * payload to the file, turns the note's program header into a loaded read-only segment that covers it, and fills the
 * seal in. The kernel then maps the payload with everything else: nothing has to be opened or read to find it.
 *
 * Used by every executable, the one of a single part and the one with a JavaScript engine inside.
 */
#ifndef TN_SELF_H
#define TN_SELF_H

#include <stddef.h>
#include <stdint.h>

/* What packaging fills in; all zero, but for the head, in a file that only the linker has seen. Little endian. */
typedef struct tn_seal {
  uint32_t name_bytes, desc_bytes, type; /* an ELF note: 12, the bytes after `name`, TN_SEAL_VERSION */
  char name[12];                         /* "TorchNative" */
  uint64_t file_bytes;                   /* of the whole executable */
  uint64_t payload_offset;               /* in the file; 0: the payload is a file of its own */
  uint64_t payload_bytes;
  uint64_t package_id;  /* what the payload must say it belongs to */
  uint64_t head_hash;   /* the payload's, see tn_payload.h */
  uint64_t file_hash;   /* of everything before the payload, see tn_self.c */
  uint64_t memory_hash; /* of the loaded segments that nothing may write to */
  char payload_file[80]; /* name of the payload's file beside the executable; empty: it is inside */
} tn_seal;

enum { TN_SEAL_VERSION = 1 };

typedef struct tn_self {
  const char *path;             /* the executable, as it was started */
  const unsigned char *payload; /* NULL: it is in a file of its own */
  uint64_t payload_bytes;
  char *payload_path; /* that file, where the executable lies; NULL: the payload is inside */
  int file_checked;   /* 0: the file could not be opened, so only what is loaded was checked */
} tn_self;

/* Bytes that messages of these functions fit in. */
enum { TN_SELF_MESSAGE = 512 };

/*
 * Checks the executable and finds its payload. Returns 0, or 1 with the reason in `message`. Cheap: it reads the code
 * once and no byte of the payload. Call it first, with the arguments of main.
 */
int tn_self_open(tn_self *self, char *const *argv, char message[TN_SELF_MESSAGE]);

/*
 * From now on a page of a mapped file that is gone (the file was cut off while the program runs) ends the program with
 * one line and exit code 1 instead of a signal. `program` begins the line and must stay valid.
 */
void tn_self_guard(const char *program);

/* The last part of a path. */
const char *tn_self_base_name(const char *path);

/*
 * open(2) for reading or writing that never gives a descriptor below 3: in a program that was started with standard
 * output closed, what is printed must not go into a file. -1 with errno.
 */
int tn_self_open_file(const char *path, int flags, unsigned mode);

/*
 * Standard output of programs that print a page or two and end. It is kept until the end, so that one system call says
 * whether it was taken; SIGPIPE is ignored from now on. `finish` gives 0, also when whoever read it has stopped, as `head` does; otherwise an errno.
 */
void tn_self_buffer_output(void);
int tn_self_finish_output(void);

#endif
