/** @file The elementary functions of the prelude, all families in an order in which each follows what it needs. */
import { expPieces } from './mathExp.ts';
import { logPieces } from './mathLog.ts';
import { trigPieces } from './mathTrig.ts';
import type { PreludePiece } from './prelude.ts';

export const mathPieces: readonly (readonly [string, PreludePiece])[] = [...expPieces, ...logPieces, ...trigPieces];
