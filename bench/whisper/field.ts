/** @file Everyone who takes part in the `whisper` suite on so many threads: our variants, and the peers, each a process. */

import type { Amount, Counted, Entrant } from '../contest.ts';
import { startWhisperPeer, type WhisperPeer, whisperPeerMissing } from '../peers/list.ts';
import type { Answer, Asked, Served } from '../served.ts';
import { startVariant, type Variant } from './variants.ts';

interface Ours {
  readonly served: Served;
  readonly variant: Variant;
}

interface Peer {
  readonly served: Served;
  readonly peer: WhisperPeer;
}

/** What a peer does otherwise in some work. */
const differences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'faster-whisper': {
    mel: 'without the 30 s of silence behind',
    encoder: 'without cross keys and values',
    window: 'cross keys and values included',
    detect: 'cross keys and values included',
  },
  'whisper.cpp': { mel: 'whisper.cpp pads 30 s as we do', text: 'segments cut by its own rules' },
  onnxruntime: { mel: "faster-whisper's, in numpy" },
  pytorch: { encoder: 'without cross keys and values' },
};

function noteOf(name: string, work: string): string | undefined {
  const library = Object.keys(differences).find((key) => name.startsWith(key));
  return library === undefined ? undefined : differences[library][work];
}

export interface Transcript {
  readonly name: string;
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Nothing where the plan could not be had: the work is timed all the same. */
async function countedBy(served: Served, asked: Asked, { rate }: Variant): Promise<Counted | undefined> {
  try {
    return { amount: await served.ask<Amount>(asked), rate };
  } catch {
    return undefined;
  }
}

export class Field {
  readonly ours: readonly Ours[];
  readonly peers: readonly Peer[];
  /** One line for each that is not there. */
  readonly absent: readonly string[];

  private constructor(ours: readonly Ours[], peers: readonly Peer[], absent: readonly string[]) {
    this.ours = ours;
    this.peers = peers;
    this.absent = absent;
  }

  /** Starts them one after the other: all load as fast as they can. Who cannot is named, the rest goes on. */
  static async start(
    variants: readonly Variant[],
    peers: readonly WhisperPeer[],
    wav: string,
    threads: number,
  ): Promise<Field> {
    const ours: Ours[] = [];
    const theirs: Peer[] = [];
    const absent: string[] = [];
    for (const variant of variants) {
      try {
        ours.push({ served: await startVariant(variant, wav, threads), variant });
      } catch (error) {
        absent.push(`ours ${variant.name}: ${(error as Error).message}`);
      }
    }
    for (const peer of peers) {
      const missing = whisperPeerMissing(peer);
      try {
        if (missing !== null) absent.push(`${peer.name}: ${missing}`);
        else theirs.push({ served: await startWhisperPeer(peer, wav, threads), peer });
      } catch (error) {
        absent.push(`${peer.name}: ${(error as Error).message}`);
      }
    }
    return new Field(ours, theirs, absent);
  }

  get versions(): Record<string, string> {
    return Object.assign({}, ...this.peers.map(({ served }) => served.versions));
  }

  /** Those that have such work; ours with what the plan says of it. */
  async entrants(work: string, position?: number, peers = true): Promise<Entrant[]> {
    const asked = { do: work, ...(position !== undefined && { position }) };
    const entrants: Entrant[] = [];
    for (const { served, variant } of this.ours) {
      const counted = await countedBy(served, { ...asked, do: `amount of ${work}` }, variant);
      const precision = variant.precision === 'float32' ? 'full' : 'reduced';
      entrants.push({ served, side: 'ours', precision, counted, asked });
    }
    if (!peers) return entrants;
    for (const { served, peer } of this.peers) {
      if (!served.work.has(work)) continue;
      entrants.push({ served, side: 'peer', precision: peer.precision, note: noteOf(peer.name, work), asked });
    }
    return entrants;
  }

  /** What everybody hears, ours first. */
  async transcripts(): Promise<Transcript[]> {
    const transcripts: Transcript[] = [];
    for (const { served } of [...this.ours, ...this.peers]) {
      const { text = '', tokens = [] } = await served.ask<Answer>({ do: 'text' });
      transcripts.push({ name: served.name, text: text.trim(), tokens });
    }
    return transcripts;
  }

  end(): void {
    for (const { served } of [...this.ours, ...this.peers]) served.end();
  }
}
