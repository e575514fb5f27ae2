/** @file `URL` and `URLSearchParams`, as far as file URLs and plain web addresses go. */

import { defineMissing } from './define.ts';

const pattern = /^([a-z][a-z\d+.-]*:)(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/is;
const ports: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
/** Schemes whose paths are folders and files; of others the path is taken as it is. */
const isHierarchical = (protocol: string): boolean => protocol === 'file:' || protocol in ports;

function invalid(url: string): TypeError {
  return Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: url });
}

function encode(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (characters) => encodeURIComponent(characters));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the URL standard's sets hold them
const unsafeInPath = /[\u0000-\u0020"<>`{}\u007f-\u{10ffff}]+/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const unsafeInQuery = /[\u0000-\u0020"<>\u007f-\u{10ffff}]+/gu;

/** Without `.` and `..`, also where they are escaped. */
function resolveDots(path: string): string {
  const out: string[] = [];
  const pieces = path.split('/').slice(1);
  pieces.forEach((piece, i) => {
    const plain = piece.replace(/%2e/gi, '.');
    const isLast = i === pieces.length - 1;
    if (plain === '..') out.pop();
    else if (plain !== '.') out.push(piece);
    if (isLast && (plain === '..' || plain === '.')) out.push('');
  });
  return `/${out.join('/')}`;
}

interface Parts {
  protocol: string;
  authority: string | null;
  pathname: string;
  search: string;
  hash: string;
}

function parse(text: string, base: Parts | null): Parts {
  const cleaned = text.trim().replace(/[\t\n\r]/g, '');
  const match = pattern.exec(cleaned);
  if (match) return absolute(match, text);
  if (!base || !isHierarchical(base.protocol)) throw invalid(text);
  const relative = /^(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(cleaned)!;
  const [, authority, path, search, hash] = relative;
  if (authority !== undefined) return absolute([cleaned, base.protocol, authority, path, search, hash], text);
  const keepsPath = path === '';
  const joined = path.startsWith('/') ? path : base.pathname.replace(/[^/]*$/, '') + path;
  return {
    protocol: base.protocol,
    authority: base.authority,
    pathname: keepsPath ? base.pathname : resolveDots(encode(joined.replace(/\\/g, '/'), unsafeInPath)),
    search: search === undefined ? (keepsPath ? base.search : '') : query(search),
    hash: encode(hash ?? '', unsafeInPath),
  };
}

function query(search: string | undefined): string {
  return search === undefined || search === '?' ? '' : encode(search, unsafeInQuery);
}

function absolute(match: readonly (string | undefined)[], text: string): Parts {
  const [, scheme = '', authority, path = '', search, hash] = match;
  const protocol = scheme.toLowerCase();
  const parts = { protocol, search: query(search), hash: encode(hash ?? '', unsafeInPath) };
  if (!isHierarchical(protocol)) return { ...parts, authority: authority ?? null, pathname: path };
  if (protocol !== 'file:' && !authority) throw invalid(text);
  const pathname = resolveDots(encode((path.startsWith('/') ? path : `/${path}`).replace(/\\/g, '/'), unsafeInPath));
  const host = (authority ?? '').replace(/[^@]*$/, (name) => name.toLowerCase());
  return { ...parts, authority: protocol === 'file:' && host === 'localhost' ? '' : host, pathname };
}

class SearchParams {
  private readonly pairs: [string, string][];

  constructor(from: string | Iterable<readonly [string, string]> | Readonly<Record<string, string>> = '') {
    if (typeof from === 'string') {
      const text = from.replace(/^\?/, '');
      this.pairs = text === '' ? [] : text.split('&').map(pairOf);
    } else {
      const items = Symbol.iterator in from ? (from as Iterable<readonly [string, string]>) : Object.entries(from);
      this.pairs = Array.from(items, ([name, value]) => [String(name), String(value)]);
    }
  }
  get size(): number {
    return this.pairs.length;
  }
  get(name: string): string | null {
    return this.pairs.find(([key]) => key === name)?.[1] ?? null;
  }
  getAll(name: string): string[] {
    return this.pairs.filter(([key]) => key === name).map(([, value]) => value);
  }
  has(name: string): boolean {
    return this.pairs.some(([key]) => key === name);
  }
  append(name: string, value: string): void {
    this.pairs.push([String(name), String(value)]);
  }
  set(name: string, value: string): void {
    const at = this.pairs.findIndex(([key]) => key === name);
    this.delete(name);
    this.pairs.splice(at < 0 ? this.pairs.length : at, 0, [String(name), String(value)]);
  }
  delete(name: string): void {
    for (let i = this.pairs.length - 1; i >= 0; i--) if (this.pairs[i][0] === name) this.pairs.splice(i, 1);
  }
  forEach(action: (value: string, name: string) => void): void {
    for (const [name, value] of this.pairs) action(value, name);
  }
  *keys(): Generator<string> {
    for (const [name] of this.pairs) yield name;
  }
  *values(): Generator<string> {
    for (const [, value] of this.pairs) yield value;
  }
  *entries(): Generator<[string, string]> {
    yield* this.pairs;
  }
  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }
  toString(): string {
    return this.pairs.map((pair) => pair.map(formEncode).join('=')).join('&');
  }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return [formDecode(name), formDecode(value)];
}

function formDecode(text: string): string {
  const plain = text.replace(/\+/g, ' ');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function formEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

class Url {
  private readonly parts: Parts;

  constructor(url: string | Url, base?: string | Url) {
    this.parts = parse(String(url), base === undefined ? null : parse(String(base), null));
  }
  static canParse(url: string, base?: string): boolean {
    try {
      return new Url(url, base) !== null;
    } catch {
      return false;
    }
  }
  get protocol(): string {
    return this.parts.protocol;
  }
  private get login(): string[] {
    const { authority } = this.parts;
    return authority?.includes('@') ? authority.slice(0, authority.lastIndexOf('@')).split(':') : [];
  }
  get username(): string {
    return this.login[0] ?? '';
  }
  get password(): string {
    return this.login.slice(1).join(':');
  }
  get host(): string {
    const { authority, protocol } = this.parts;
    const host = (authority ?? '').slice((authority ?? '').lastIndexOf('@') + 1);
    return host.endsWith(`:${ports[protocol]}`) ? host.slice(0, host.lastIndexOf(':')) : host;
  }
  get hostname(): string {
    return this.host.replace(/:\d*$/, '');
  }
  get port(): string {
    return /:(\d+)$/.exec(this.host)?.[1] ?? '';
  }
  get origin(): string {
    return this.protocol in ports ? `${this.protocol}//${this.host}` : 'null';
  }
  get pathname(): string {
    return this.parts.pathname;
  }
  get search(): string {
    return this.parts.search;
  }
  get searchParams(): SearchParams {
    return new SearchParams(this.parts.search);
  }
  get hash(): string {
    return this.parts.hash === '#' ? '' : this.parts.hash;
  }
  get href(): string {
    const { protocol, authority, pathname, search, hash } = this.parts;
    const login = this.login.length > 0 ? `${this.login.join(':')}@` : '';
    return `${protocol}${authority === null ? '' : `//${login}${this.host}`}${pathname}${search}${hash}`;
  }
  toString(): string {
    return this.href;
  }
  toJSON(): string {
    return this.href;
  }
}

defineMissing(globalThis, { URL: Url, URLSearchParams: SearchParams });
