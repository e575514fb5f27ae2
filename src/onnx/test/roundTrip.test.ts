/** @file Graph → ONNX → Graph is the identity; onnxruntime agrees with the interpreter on captured parts at several sizes. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Captured } from '../../capture/capture.ts';
import { bytesText, copyElements } from '../../core/view.ts';
import { canonicalText } from '../../graph/canonical.ts';
import type { Graph } from '../../graph/graph.ts';
import { interpret } from '../../graph/interpreter.ts';
import { printGraph } from '../../graph/printer.ts';
import { resultToJson } from '../../graph/serialize.ts';
import { predicateToString } from '../../symbolic/predicate.ts';
import { decodeModel } from '../reader.ts';
import { encodeModel, outputNames } from '../writer.ts';
import { parts } from './capturedParts.ts';
import { difference, OnnxSession } from './onnxRuntime.ts';

const folder = mkdtempSync(join(tmpdir(), 'tn-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

function blobsOf({ graph, sampleParameters }: Captured): { location: string; length: number }[] {
  return graph.parameters.map((_, i) => ({
    location: `blobs/${graph.name}.${i}`,
    length: copyElements(sampleParameters[i]).storage.byteLength,
  }));
}

/** The model with its weights beside it, as a record has them. */
function writeRecord(captured: Captured): string {
  const blobs = blobsOf(captured);
  mkdirSync(join(folder, 'blobs'), { recursive: true });
  blobs.forEach(({ location }, i) => {
    writeFileSync(join(folder, location), copyElements(captured.sampleParameters[i]).storage.bytes());
  });
  const path = join(folder, `${captured.graph.name}.onnx`);
  writeFileSync(path, encodeModel(captured.graph, { blobs }));
  return path;
}

/** Everything that a record must keep of a graph, as plain data. */
function contents(graph: Graph) {
  return {
    text: printGraph(graph),
    meaning: canonicalText(graph),
    guards: graph.env.guards.map(({ predicate, ...rest }) => ({ ...rest, predicate: predicateToString(predicate) })),
    ranges: [...graph.env.ranges].map(([name, { min, max, multipleOf }]) => [name, min, max, multipleOf]),
    samples: [...graph.env.samples],
    constants: graph.constants.map(({ value, data }) => [value.name, data.dtype, data.sizes, bytesText(data)]),
    locations: graph.nodes.map((node) => node.location),
    mutations: graph.mutations.map(({ target, value }) => [target, value.name]),
    result: resultToJson(graph.result),
  };
}

for (const part of parts) {
  describe(part.title, () => {
    test('comes back the same', () => {
      const captured = part.capture(6);
      const bytes = encodeModel(captured.graph, { blobs: blobsOf(captured) });
      const back = decodeModel(bytes);
      expect(contents(back)).toEqual(contents(captured.graph));
      expect(Buffer.from(encodeModel(back, { blobs: blobsOf(captured) })).equals(bytes)).toBe(true);
    });

    test('the graph that came back computes what the capture did', () => {
      const captured = part.capture(6);
      const back = decodeModel(encodeModel(captured.graph, { blobs: blobsOf(captured) }));
      const { outputs, mutations } = interpret(back, captured.sampleInputs, captured.sampleParameters);
      expect(outputs.map(bytesText)).toEqual(captured.sampleOutputs.map(bytesText));
      expect(mutations.map(bytesText)).toEqual(captured.sampleMutations.map(bytesText));
    });

    test('onnxruntime agrees, also at sizes that were not captured', async () => {
      const captured = part.capture(6);
      const session = await OnnxSession.load(writeRecord(captured));
      expect(session.outputNames).toEqual(outputNames(captured.graph));
      for (const size of [6, 10, 1]) {
        const other = part.capture(size);
        const found = await session.run(other.sampleInputs);
        const expected = [...other.sampleOutputs, ...other.sampleMutations];
        expect(found.map((view, i) => difference(view, expected[i]))).toEqual(expected.map(() => null));
      }
      await session.release();
    });
  });
}

test('outputs have names that say what they are', () => {
  expect(outputNames(parts[1].capture(4).graph)).toEqual(['softmax', 'kv.k.0.updated', 'kv.k.1.updated']);
});

test('source files are named relative to the package', () => {
  const { graph } = parts[0].capture(6);
  const file = graph.nodes[0].location?.file ?? '';
  expect(file).toMatch(/\/src\/onnx\/test\/capturedParts\.ts$/);
  const root = file.slice(0, -'/src/onnx/test/capturedParts.ts'.length);
  const bytes = encodeModel(graph, { blobs: [], relativeTo: root });
  expect(decodeModel(bytes).nodes[0].location?.file).toBe('src/onnx/test/capturedParts.ts');
  expect(Buffer.from(bytes).includes(root)).toBe(false);
  const elsewhere = decodeModel(encodeModel(graph, { blobs: [], relativeTo: '/some/where/else' }));
  expect(elsewhere.nodes[0].location?.file).toBe('capturedParts.ts');
});
