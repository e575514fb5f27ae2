/** @file `__tn`: what transformed source files call. Internal: not for hand-written code. */

import { registerFile, stampClass } from '../capture/sources.ts';
import { operators } from '../symbolic/operators.ts';

export const __tn = { ...operators, file: registerFile, stamp: stampClass };
