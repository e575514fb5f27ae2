/** @file The peers: one line each. To add one, write its Python file beside the others, and add a line. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, RequestError } from '../options.ts';
import { type Command, Served } from '../served.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(here, '..', '..');
const venv = process.env['TN_BENCH_VENV'] ?? path.join(root, '.venv');
const checkpoint = path.join(root, 'examples/whisper/model');
const model = (name: string): string => path.join(venv, 'models', name);

/** What a peer computes with: float16 weights count as full precision where arithmetic is float32. */
export type PeerPrecision = 'full' | 'reduced';

export interface WhisperPeer {
  readonly name: string;
  readonly precision: PeerPrecision;
  /** The Python file here. */
  readonly script: string;
  /** Arguments for a recording and a number of threads. */
  readonly args: (wav: string, threads: string) => readonly string[];
  /** What `setup.sh` made for it. */
  readonly needs: string | null;
}

const ct2 = model('ct2');
const ggml = (kind: string): string => model(`ggml-${kind}.bin`);
const onnx = (kind: string): string => model(`onnx-${kind}`);

export const whisperPeers: readonly WhisperPeer[] = [
  {
    name: 'faster-whisper',
    precision: 'full',
    script: 'fasterWhisper.py',
    args: (wav, threads) => [ct2, wav, threads, 'float32'],
    needs: ct2,
  },
  {
    name: 'faster-whisper-int8',
    precision: 'reduced',
    script: 'fasterWhisper.py',
    args: (wav, threads) => [ct2, wav, threads, 'int8'],
    needs: ct2,
  },
  {
    name: 'whisper.cpp-f16',
    precision: 'full',
    script: 'whisperCpp.py',
    args: (wav, threads) => [ggml('f16'), wav, threads],
    needs: ggml('f16'),
  },
  {
    name: 'whisper.cpp-q8_0',
    precision: 'reduced',
    script: 'whisperCpp.py',
    args: (wav, threads) => [ggml('q8_0'), wav, threads],
    needs: ggml('q8_0'),
  },
  {
    name: 'onnxruntime',
    precision: 'full',
    script: 'onnxRuntime.py',
    args: (wav, threads) => [onnx('float32'), checkpoint, wav, threads],
    needs: onnx('float32'),
  },
  {
    name: 'onnxruntime-int8',
    precision: 'reduced',
    script: 'onnxRuntime.py',
    args: (wav, threads) => [onnx('int8'), checkpoint, wav, threads],
    needs: onnx('int8'),
  },
  {
    name: 'pytorch',
    precision: 'full',
    script: 'pytorch.py',
    args: (wav, threads) => [checkpoint, wav, threads],
    needs: null,
  },
  {
    name: 'aotinductor',
    precision: 'full',
    script: 'pytorch.py',
    args: (wav, threads) => [checkpoint, wav, threads, model('aoti')],
    needs: model('aoti'),
  },
];

/** A Python file of this folder, by the environment that `setup.sh` made. */
export function pythonCommand(script: string, args: readonly string[]): Command {
  // One number of threads for everything that a library brings along; its own option says the rest.
  return {
    file: path.join(venv, 'bin', 'python'),
    args: [path.join(here, script), ...args],
    env: { HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1' },
  };
}

/** null when the environment is there, else what to do. */
export function environmentMissing(): string | null {
  return existsSync(path.join(venv, 'bin', 'python')) ? null : 'not installed: sh bench/peers/setup.sh';
}

/** 'all': those that there are. @throws RequestError when a name is none of `known` */
export function chooseNames(peers: BenchOptions['peers'], known: readonly string[]): string[] {
  if (peers === 'none') return [];
  if (peers === 'all') return [...known];
  const unknown = peers.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RequestError(`--peers ${unknown}: the peers are ${known.join(', ')}`);
  return known.filter((name) => peers.includes(name));
}

/** Why a peer cannot run here; null when it can. */
export function whisperPeerMissing({ needs }: WhisperPeer): string | null {
  if (needs !== null && !existsSync(needs)) return 'not installed: sh bench/peers/setup.sh';
  return environmentMissing();
}

export function startWhisperPeer(peer: WhisperPeer, wav: string, threads: number): Promise<Served> {
  return Served.start(peer.name, pythonCommand(peer.script, peer.args(wav, String(threads))));
}

/** Seconds that each part took AOTInductor when it was set up here; null where it was not. */
export function aotInductorSeconds(): Readonly<Record<string, number>> | null {
  const file = path.join(model('aoti'), 'seconds.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : null;
}
