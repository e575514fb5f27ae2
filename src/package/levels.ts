/** @file `--isa`: which instruction levels go into a package. */

import type { PackageTarget } from '../compile/toolchain/index.ts';
import { type Isa, isaNames } from '../compile/toolchain/target.ts';
import { wrongRequest } from './refusal.ts';

/** The levels of `--isa v3,v4`, worst first; all of the target's without it. @throws WrongRequest */
export function parseLevels(text: string | undefined, target: PackageTarget): Isa[] {
  if (text === undefined) return [...target.levels];
  const asked = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (asked.length === 0)
    throw wrongRequest({ what: '--isa names no level', fix: `give some of ${target.levels.join(',')}` });
  for (const name of asked) {
    if (target.levels.some((level) => level === name)) continue;
    const known = isaNames.some((level) => level === name);
    throw wrongRequest({
      what: known ? `--isa ${name}: ${target.name} has no such level` : `--isa ${name}: no such level`,
      fix: `give some of ${target.levels.join(',')}`,
    });
  }
  return target.levels.filter((level) => asked.includes(level));
}
