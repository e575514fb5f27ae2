import { test } from 'vitest';
import './both.ts';

test('both programs ran', () => {});
