/** @file `node:crypto`, `node:timers` and `node:readline` of packaged programs, side by side with Node's. */

import nodeCrypto from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodeReadline from 'node:readline';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as crypto from '../crypto.ts';
import { useEngine } from '../internal/engine.ts';
import { createInterface } from '../readline.ts';
import { setTimeout as wait } from '../timersPromises.ts';
import { nodeHost } from './nodeHostOfTests.ts';

beforeAll(() => useEngine({ ...nodeHost().host, enqueueJob: (action) => queueMicrotask(action) }));
afterAll(() => useEngine(undefined));

describe('node:crypto', () => {
  it.each(crypto.getHashes())('%s of any pieces is what Node says', (name) => {
    const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 80 })));
    fc.assert(
      fc.property(pieces, (all) => {
        const [ours, wanted] = [crypto.createHash(name), nodeCrypto.createHash(name)];
        for (const piece of all) {
          ours.update(piece);
          wanted.update(piece);
        }
        expect(ours.copy().digest('hex')).toBe(wanted.copy().digest('hex'));
        expect(ours.digest('base64')).toBe(wanted.digest('base64'));
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 55, 56, 63, 64, 65, 119, 120, 1000])('pads %i bytes', (length) => {
    for (const name of crypto.getHashes()) {
      const bytes = new Uint8Array(length).fill(171);
      expect(crypto.createHash(name).update(bytes).digest('hex')).toBe(
        nodeCrypto.createHash(name).update(bytes).digest('hex'),
      );
    }
  });

  it('refuses what Node refuses', () => {
    expect(() => crypto.createHash('sha3')).toThrow('Digest method not supported');
    const hash = crypto.createHash('SHA256').update('x');
    expect([...hash.digest()]).toEqual([...nodeCrypto.createHash('sha256').update('x').digest()]);
    expect(() => hash.digest()).toThrow('Digest already called');
    expect(() => crypto.createHash('md5').update(5 as unknown as string)).toThrow(/"data" argument must be/);
  });

  it('gives random bytes and ids', () => {
    expect(crypto.randomBytes(33)).toHaveLength(33);
    expect(crypto.randomUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
  });
});

describe('node:readline', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tn-lines-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function withFile<T>(text: string, use: (fd: number) => Promise<T>): Promise<T> {
    const file = join(folder, 'lines');
    writeFileSync(file, text);
    const fd = openSync(file, 'r');
    try {
      return await use(fd);
    } finally {
      closeSync(fd);
    }
  }

  async function collected(lines: AsyncIterable<string>): Promise<string[]> {
    const all: string[] = [];
    for await (const line of lines) all.push(line);
    return all;
  }

  it.each([
    '',
    '\n',
    'one',
    'one\ntwo\n',
    'a\r\nb\r\n\r\nc',
    'ü\n'.repeat(50_000),
    'x'.repeat(200_000),
    'a\rb\u2028c\r',
  ])('reads the lines that Node reads (%#)', async (text) => {
    const wanted = await collected(nodeReadline.createInterface({ input: Readable.from([text]) }));
    expect(await withFile(text, (fd) => collected(createInterface({ input: { fd } })))).toEqual(wanted);
  });

  it('tells listeners each line, then that it is over', async () => {
    const heard = await withFile('one\ntwo\nthree', (fd) => {
      const lines = createInterface({ input: { fd } });
      const all: string[] = [];
      lines.on('line', (line: string) => all.push(line));
      return new Promise<string[]>((resolve) => {
        lines.on('close', () => resolve(all));
      });
    });
    expect(heard).toEqual(['one', 'two', 'three']);
  });

  it('asks', async () => {
    const said: string[] = [];
    const output = { write: (text: string) => said.push(text) };
    const answer = await withFile('me\n', (fd) => {
      const lines = createInterface({ input: { fd }, output });
      return new Promise<string>((resolve) => lines.question('who? ', resolve));
    });
    expect([answer, ...said]).toEqual(['me', 'who? ']);
  });
});

it('node:timers/promises waits', async () => {
  expect(await wait(2, 'later')).toBe('later');
});
