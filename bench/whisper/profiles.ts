/** @file Time per kernel of one part of whisper-base: `npm run bench -- whisper --profile PART`. */

import { setThreads } from 'torchnative';
import { type BenchOptions, RequestError } from '../options.ts';
import { buildPeakMeter } from '../peak.ts';
import { type PartProfile, profilePart, profileText } from '../profile.ts';
import { isPartName, loadExample, partNames } from './model.ts';

export interface PartProfiles {
  readonly profiles: readonly PartProfile[];
}

export async function profileParts(
  part: string,
  counts: readonly number[],
  options: BenchOptions,
): Promise<PartProfiles> {
  if (!isPartName(part)) throw new RequestError(`--profile ${part}: no part; there are ${partNames.join(', ')}`);
  const whisper = loadExample();
  const meter = await buildPeakMeter();
  const profiles: PartProfile[] = [];
  try {
    for (const threads of counts) {
      setThreads(threads);
      const [limits] = await meter.measure([threads]);
      const position = options.position ?? undefined;
      whisper.call(part, position);
      const rounds = options.rounds ?? (part === 'decode' ? 200 : 8);
      const found = profilePart(part, () => {
        for (let i = 0; i < rounds; i++) whisper.call(part, position);
      });
      if (found.length === 0) throw new Error(`${part} did not run natively; tn cache ls says why`);
      for (const one of found) process.stdout.write(`${profileText(one, limits, options.steps)}\n\n`);
      profiles.push(...found);
    }
  } finally {
    await meter.dispose();
  }
  return { profiles };
}
