/** @file `node:url`: file URLs and paths. */

import { nodeError, wrongType } from './internal/errors.ts';
import { resolve } from './path.ts';

const { URL, URLSearchParams } = globalThis as unknown as {
  URL: typeof globalThis.URL;
  URLSearchParams: typeof globalThis.URLSearchParams;
};

export { URL, URLSearchParams };

/** The path that a `file:` URL means. */
export function fileURLToPath(url: string | URL): string {
  if (typeof url !== 'string' && typeof (url as { href?: unknown } | null)?.href !== 'string')
    throw wrongType('path', 'of type string or an instance of URL', url);
  const { protocol, hostname, pathname } = typeof url === 'string' ? new URL(url) : url;
  if (protocol !== 'file:') throw nodeError(new TypeError('The URL must be of scheme file'), 'ERR_INVALID_URL_SCHEME');
  if (hostname !== '' && hostname !== 'localhost')
    throw nodeError(new TypeError('File URL host must be "localhost" or empty on linux'), 'ERR_INVALID_FILE_URL_HOST');
  if (/%2f/i.test(pathname))
    throw nodeError(new TypeError('File URL path must not include encoded / characters'), 'ERR_INVALID_FILE_URL_PATH');
  return decodeURIComponent(pathname);
}

const escaped: Readonly<Record<string, string>> = { '?': '%3F', '#': '%23', '%': '%25', '\\': '%5C' };

/** The `file:` URL of a path. */
export function pathToFileURL(path: string): URL {
  const absolute = resolve(path) + (path.endsWith('/') && path !== '/' ? '/' : '');
  const safe = absolute.replace(/[%\\?#\n\r\t]/g, (sign) => escaped[sign] ?? encodeURIComponent(sign));
  return new URL(`file://${safe}`);
}
