import { test } from 'vitest';
import '../app.ts';
import '../legacy/app.ts';

test('both programs ran', () => {});
