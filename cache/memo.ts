/**
 * @file Content hashes of file regions, remembered by the file's identity and times, so that a second start reads no
 * byte of the weights it already knows.
 *
 * `<cache>/memo/<shard>.log` holds a line a region: `dev ino size mtimeNs ctimeNs offset length sha256`. Lines are only
 * appended (short appends do not interleave), so processes need no lock; a line that does not parse is skipped.
 */

import { createHash } from 'node:crypto';
import { appendFileSync, type BigIntStats, statSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrNull, readRegion, replaceFile } from './files.ts';

/** A file changed less than this ago may change again within one tick of its clock: its hash is not remembered. */
const SETTLED_NS = 2_000_000_000n;
/** A shard that grew over this is rewritten with its newer half. */
const SHARD_LIMIT = 512 << 10;
const SHARDS = 16n;

export interface HashMemo {
  /**
   * sha256 (hex) of `length` bytes at `offset` of a file; all of it by default.
   * Null when the file is shorter than that. Errors of the file system are thrown as they are.
   */
  hash(path: string, offset?: number, length?: number): string | null;
  /** Notes the hash of a whole file that this process has just written and knows. */
  remember(path: string, sha256: string): void;
  /** How many bytes were read for hashing so far: what a second start keeps at 0. */
  readonly bytesHashed: number;
}

/** `folder` gives `<cache>/memo`, made if need be, or null when nothing can be kept there. */
export function createMemo(folder: () => string | null): HashMemo {
  const shards = new Map<string, Map<string, string>>();
  let bytesHashed = 0;

  const shardOf = (stat: BigIntStats): string => ((stat.dev * 31n + stat.ino) % SHARDS).toString(16);

  function known(shard: string): Map<string, string> {
    const loaded = shards.get(shard);
    if (loaded) return loaded;
    const fresh = new Map<string, string>();
    shards.set(shard, fresh);
    const at = folder();
    const path = at && join(at, `${shard}.log`);
    const text = path && readFileOrNull(path)?.toString('latin1');
    if (!text) return fresh;
    const lines = text.split('\n');
    for (const line of lines) {
      const cut = line.lastIndexOf(' ');
      if (/^(\d+ ){7}[0-9a-f]{64}$/.test(line)) fresh.set(line.slice(0, cut), line.slice(cut + 1));
    }
    if (text.length > SHARD_LIMIT)
      tryTo(() => replaceFile(path, lines.slice(lines.length >> 1).join('\n'), { durable: false }));
    return fresh;
  }

  function keep(stat: BigIntStats, key: string, sha256: string): void {
    const shard = shardOf(stat);
    known(shard).set(key, sha256);
    const at = folder();
    // The leading newline closes a line that a killed process left half written.
    if (at) tryTo(() => appendFileSync(join(at, `${shard}.log`), `\n${key} ${sha256}\n`, { mode: 0o600 }));
  }

  return {
    get bytesHashed() {
      return bytesHashed;
    },
    hash(path, offset = 0, length) {
      const stat = statSync(path, { bigint: true });
      const size = Number(stat.size);
      const wanted = length ?? size - offset;
      if (offset < 0 || wanted < 0 || offset + wanted > size) return null;
      const key = regionKey(stat, offset, wanted);
      const remembered = known(shardOf(stat)).get(key);
      if (remembered) return remembered;
      const hash = createHash('sha256');
      if (!readRegion(path, offset, wanted, (chunk) => void hash.update(chunk))) return null;
      bytesHashed += wanted;
      const sha256 = hash.digest('hex');
      const after = statSync(path, { bigint: true });
      const now = BigInt(Date.now()) * 1_000_000n;
      const settled = now - stat.ctimeNs > SETTLED_NS && now - stat.mtimeNs > SETTLED_NS;
      if (regionKey(after, offset, wanted) === key && settled) keep(stat, key, sha256);
      return sha256;
    },
    remember(path, sha256) {
      const stat = statSync(path, { bigint: true });
      keep(stat, regionKey(stat, 0, Number(stat.size)), sha256);
    },
  };
}

function regionKey(stat: BigIntStats, offset: number, length: number): string {
  return `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${offset} ${length}`;
}

/** The memo only saves time: where it cannot be written, all still works. */
function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // Not kept.
  }
}
