/** @file Errors as Node makes them: a code beside the message. */

/** The fields of a failed system call. */
export interface SystemCall {
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;
}

const numbers: Readonly<Record<string, readonly [errno: number, text: string]>> = {
  EPERM: [-1, 'operation not permitted'],
  ENOENT: [-2, 'no such file or directory'],
  EIO: [-5, 'i/o error'],
  E2BIG: [-7, 'argument list too long'],
  ENOEXEC: [-8, 'exec format error'],
  EBADF: [-9, 'bad file descriptor'],
  EAGAIN: [-11, 'resource temporarily unavailable'],
  ENOMEM: [-12, 'not enough memory'],
  EACCES: [-13, 'permission denied'],
  EEXIST: [-17, 'file already exists'],
  ENOTDIR: [-20, 'not a directory'],
  EISDIR: [-21, 'illegal operation on a directory'],
  EINVAL: [-22, 'invalid argument'],
  EMFILE: [-24, 'too many open files'],
  ENOSPC: [-28, 'no space left on device'],
  EPIPE: [-32, 'broken pipe'],
  ENOTEMPTY: [-39, 'directory not empty'],
  ENOBUFS: [-105, 'no buffer space available'],
  ETIMEDOUT: [-110, 'connection timed out'],
};

/** The number that goes with a code. */
export function errnoOf(code: string): number {
  return numbers[code]?.[0] ?? -1;
}

/** `ENOENT: no such file or directory, stat 'x'` with its fields. */
export function systemError(code: string, { syscall, path, dest }: SystemCall): Error {
  const [errno, text] = numbers[code] ?? [-1, 'unknown error'];
  const names = `${path === undefined ? '' : ` '${path}'`}${dest === undefined ? '' : ` -> '${dest}'`}`;
  const fields = {
    errno,
    code,
    syscall,
    ...(path === undefined ? {} : { path }),
    ...(dest === undefined ? {} : { dest }),
  };
  return Object.assign(new Error(`${code}: ${text}, ${syscall}${names}`), fields);
}

/** An error of Node's own, such as `ERR_INVALID_ARG_TYPE`. */
export function nodeError<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code });
}

/** `The "path" argument must be of type string. Received undefined`. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const named = name.endsWith(' argument') ? name : `"${name}" argument`;
  const message = `The ${named} must be ${expected}. Received ${received(value)}`;
  return nodeError(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

function received(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`;
  return `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : String(value)})`;
}
