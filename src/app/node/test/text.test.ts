/** @file `node:path`, `node:buffer`, `node:util` and `node:events` of packaged programs, side by side with Node's. */

import { Buffer as NodeBuffer } from 'node:buffer';
import nodePath from 'node:path';
import nodeUtil from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Buffer } from '../buffer.ts';
import { EventEmitter } from '../events.ts';
import { useEngine } from '../internal/engine.ts';
import { posix as path } from '../path.ts';
import * as util from '../util.ts';
import { nodeHost } from './nodeHostOfTests.ts';

beforeAll(() => useEngine(nodeHost().host));
afterAll(() => useEngine(undefined));

/** What a call gives or throws. */
function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException;
    return { name, message, code };
  }
}

describe('node:path', () => {
  const piece = fc.constantFrom('a', 'b.txt', '.', '..', '', '.hidden', 'c.tar.gz', 'x.', ' ', '...', 'é');
  const anyPath = fc
    .tuple(fc.boolean(), fc.array(piece, { maxLength: 6 }), fc.constantFrom('', '/', '//'))
    .map(([absolute, pieces, end]) => (absolute ? '/' : '') + pieces.join('/') + end);

  it('agrees with Node on any path', () => {
    const { posix } = nodePath;
    fc.assert(
      fc.property(anyPath, anyPath, (a, b) => {
        // Node takes the last dot of a `..` right below the root for an extension.
        fc.pre(!/^\/+\.\.\/*$/.test(a));
        for (const name of ['normalize', 'dirname', 'basename', 'extname', 'isAbsolute', 'parse', 'resolve'] as const)
          expect([name, a, path[name](a)]).toEqual([name, a, posix[name](a)]);
        expect(path.join(a, b)).toBe(posix.join(a, b));
        expect(path.resolve(a, b)).toBe(posix.resolve(a, b));
        expect(path.relative(a, b)).toBe(posix.relative(a, b));
        expect(path.format(path.parse(a))).toBe(posix.format(posix.parse(a)));
        // (Of slashes alone Node keeps all when a suffix is asked for, none when not.)
        for (const end of /[^/]/.test(a) ? ['.txt', 'a', '', '.hidden', 'b.txt', 'longer than any'] : [])
          expect([a, end, path.basename(a, end)]).toEqual([a, end, posix.basename(a, end)]);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses what is no path as Node does', () => {
    for (const wrong of [undefined, null, 5, {}, [], () => 1])
      expect(outcome(() => path.join('a', wrong as string))).toEqual(
        outcome(() => nodePath.posix.join('a', wrong as string)),
      );
  });
});

describe('node:buffer', () => {
  type Api = typeof NodeBuffer;
  const ours = Buffer as unknown as Api;
  const same = (action: (api: Api) => unknown): void => {
    const plain = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
    expect(plain(outcome(() => action(ours)))).toEqual(plain(outcome(() => action(NodeBuffer))));
  };
  const encodings = ['utf8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'utf16le'] as const;

  it('turns text to bytes and back as Node does', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        fc.constantFrom(...encodings),
        (text, bytes, name) => {
          // What Node makes of signs that are in no such alphabet is nobody's intention.
          // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
          if (!/^(?:hex|base64)/.test(name) || /^[\u0000-\u007f]*$/.test(text)) same((api) => api.from(text, name));
          same((api) => api.from(bytes).toString(name));
          same((api) => api.byteLength(text, 'utf8'));
        },
      ),
      { numRuns: 500 },
    );
    same((api) => api.from('a', 'no-such' as 'utf8'));
  });

  it('reads and writes numbers as Node does', () => {
    const kinds = ['UInt8', 'Int8', 'UInt16LE', 'Int16BE', 'UInt32BE', 'Int32LE', 'FloatLE', 'DoubleBE', 'BigInt64LE'];
    for (const kind of kinds) {
      const read = `read${kind}` as 'readInt8';
      const write = `write${kind}` as 'writeInt8';
      const value = (kind.startsWith('Big') ? 5n : 5) as number;
      for (const offset of [0, 1, 3, 100, -1, 1.5]) {
        same((api) => api.from([1, 254, 3, 128, 5, 6, 7, 200, 9, 10, 11])[read](offset));
        if (offset < 4) same((api) => outcome(() => [api.alloc(12)[write](value, Math.max(0, Math.floor(offset)))]));
      }
    }
    same((api) => api.alloc(2).readUInt32LE(0));
    same((api) => api.from([1, 2]).readUint16LE());
  });

  it('cuts, joins and compares as Node does', () => {
    same((api) => api.concat([api.from('ab'), api.from([1, 2])]));
    same((api) => api.concat([api.from('abc'), api.from('def')], 4));
    same((api) => api.from('abcdef').subarray(1, 3).toString());
    same((api) => api.from('abcdef').slice(-2).toString());
    same((api) => api.from(new Uint8Array([1, 2, 3]).buffer, 1, 1));
    same((api) => api.from('abc').equals(api.from('abc')));
    same((api) => [api.compare(api.from('a'), api.from('b')), api.compare(api.from('ab'), api.from('a'))]);
    same((api) => [
      api.from('abcabc').indexOf('ca'),
      api.from('abc').indexOf('x'),
      api.from('abc').includes(98 as never),
    ]);
    same((api) => api.alloc(5, 'ab'));
    same((api) => api.alloc(3, 7));
    same((api) => JSON.stringify(api.from('x')));
    same((api) => {
      const target = api.alloc(4);
      return [api.from('abc').copy(target, 2), ...target];
    });
    same((api) => api.from(5 as never).length);
    same((api) => [api.isBuffer(api.alloc(1)), api.isBuffer(new Uint8Array(1)), api.isEncoding('UTF-8')]);
    expect(Buffer.from('x')).toBeInstanceOf(Uint8Array);
    expect(Buffer.from('x').constructor.name).toBe('Buffer');
  });
});

describe('node:util', () => {
  it('reads command lines as Node does', () => {
    const options = {
      flag: { type: 'boolean', short: 'f' },
      name: { type: 'string', short: 'n' },
      many: { type: 'string', multiple: true, short: 'm' },
      preset: { type: 'string', default: 'x' },
    } as const;
    const word = fc.constantFrom(
      ...[
        '-f',
        '--flag',
        '--name',
        '--name=x',
        '-nx',
        '-n',
        '-fn',
        '-fnx',
        '--many',
        '--many=',
        '-mf',
        '--',
        'word',
        '-',
        '',
      ],
      ...['--other', '--other=1', '-o', '-of', '--flag=1', '--=', '--no-flag', '-n=x', '---', '--name=-x', '-fof'],
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 6 }),
        fc.boolean(),
        fc.constantFrom(true, false, undefined),
        (args, strict, allowPositionals) => {
          const config = {
            args,
            options,
            strict,
            tokens: true,
            ...(allowPositionals === undefined ? {} : { allowPositionals }),
          };
          const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
          const theirs = plain(outcome(() => nodeUtil.parseArgs(config)));
          expect(plain(outcome(() => util.parseArgs(config)))).toEqual(theirs);
        },
      ),
      { numRuns: 4000 },
    );
  });

  it('shows values as Node does', () => {
    class Point {
      x = 1;
      y = 'two';
    }
    class Empty {}
    class List extends Array {}
    const circular: Record<string, unknown> = { a: 1 };
    circular.self = circular;
    const values: unknown[] = [
      ...[1, -0, 1.5, 10n, true, null, undefined, Symbol('s'), 'text', "it's", 'both \' and "', 'line\nbreak\t\u0001'],
      ...[
        [],
        {},
        [1, 2, 3],
        { a: 1, b: 'x', 'not-a-name': [1], 3: 4 },
        [[1, [2, [3, [4]]]]],
        { a: { b: { c: { d: 1 } } } },
      ],
      ...[
        new Point(),
        new Empty(),
        List.from([1, 2]),
        new Map([['a', { b: 1 }]]),
        new Set([1, 'x']),
        new Map(),
        new Set(),
      ],
      ...[
        new Uint8Array([1, 2, 3]),
        new Float32Array(0),
        new Date(0),
        new Date(Number.NaN),
        /x/g,
        () => 1,
        Point,
        class extends Point {},
      ],
      ...[
        function named() {},
        async () => 1,
        circular,
        Object.create(null),
        Object.assign(Object.create(null), { a: 1 }),
      ],
      Array.from({ length: 30 }, (_, i) => i * i),
      Array.from({ length: 120 }, (_, i) => i),
      Array.from({ length: 12 }, (_, i) => `name ${i}`),
      // biome-ignore lint/suspicious/noSparseArray: how holes are shown is what is compared.
      [1, , , 4],
      { long: 'x'.repeat(90), other: 'y'.repeat(20) },
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`key${i}`, `value ${i}`])),
      { segments: [{ start: 0, end: 1.5, tokens: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, { start: 2 }], text: 'hello' },
      {
        get a() {
          return 1;
        },
        set a(_) {},
        get b() {
          return 2;
        },
      },
      { [Symbol('k')]: 1, f() {}, g: Point },
      { toString: undefined, nested: new Map([[{ k: 1 }, [1, 2]]]) },
      { [nodeUtil.inspect.custom]: () => 'my own\ntext' },
      [{ [nodeUtil.inspect.custom]: () => ({ shown: true }) }],
      [undefined, null, [undefined]],
      'x'.repeat(200),
      [`${'long line '.repeat(12)}\nand another`],
    ];
    for (const value of values) {
      expect(util.inspect(value)).toBe(nodeUtil.inspect(value));
      expect(util.inspect({ inner: [value] })).toBe(nodeUtil.inspect({ inner: [value] }));
      expect(util.inspect(value, { depth: 0 })).toBe(nodeUtil.inspect(value, { depth: 0 }));
      expect(util.format(value, 'then', value)).toBe(nodeUtil.format(value, 'then', value));
    }
    const failure = Object.assign(new TypeError('no good'), { code: 'E' });
    expect(util.inspect(failure)).toBe(nodeUtil.inspect(failure));
  });

  it('fills placeholders as Node does', () => {
    const values: unknown[] = [1, -0, '2x', 3n, null, undefined, { a: 1 }, [1, 'b'], true, Symbol('s'), 1.9];
    for (const place of ['%s', '%d', '%i', '%f', '%j', '%O', '%c', '%%', '%x'])
      for (const value of values) {
        const text = `a ${place} b`;
        expect([text, outcome(() => util.format(text, value, 'more'))]).toEqual([
          text,
          outcome(() => nodeUtil.format(text, value, 'more')),
        ]);
      }
    expect(util.format('100% %s')).toBe(nodeUtil.format('100% %s'));
  });

  it('compares and cleans as Node does', () => {
    const list: unknown[] = [
      1,
      '1',
      null,
      { a: 1 },
      { a: 1, b: undefined },
      [1],
      new Map([[1, 2]]),
      new Set([1]),
      new Date(0),
    ];
    for (const a of list)
      for (const b of list) expect(util.isDeepStrictEqual(a, b)).toBe(nodeUtil.isDeepStrictEqual(a, b));
    expect(util.stripVTControlCharacters('\u001b[31mred\u001b[0m')).toBe('red');
  });
});

describe('node:events', () => {
  it('calls listeners in order, once where asked, and throws an error that nobody hears', () => {
    const emitter = new EventEmitter();
    const heard: unknown[] = [];
    emitter.on('a', (x: number) => heard.push(['on', x]));
    emitter.once('a', (x: number) => heard.push(['once', x]));
    emitter.prependListener('a', () => heard.push('first'));
    expect([emitter.emit('a', 1), emitter.emit('a', 2), emitter.emit('b')]).toEqual([true, true, false]);
    expect(heard).toEqual(['first', ['on', 1], ['once', 1], 'first', ['on', 2]]);
    expect(() => emitter.emit('error', new Error('unheard'))).toThrow('unheard');
    expect(emitter.eventNames()).toEqual(['a']);
  });
});
