/** @file FEATURES.md says what the op table says. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { featuresPath, featuresText } from './features.ts';

test('FEATURES.md is current (npm run features writes it)', () => {
  expect(readFileSync(featuresPath, 'utf8')).toBe(featuresText());
});
