/** @file What ends a packaging: a request that cannot be met as it is, or work that failed. */

import { type ErrorParts, TnError } from '../core/errors.ts';

/** The request was wrong (an unknown part, a bad option): the command exits with 2. Any other TnError: 1. */
export class WrongRequest extends TnError {}

/** Shorthand, in the one error shape. */
export function wrongRequest(parts: ErrorParts | string): WrongRequest {
  return new WrongRequest(parts);
}

/** An error's parts in one line, as a command prints them. */
export function inOneLine(error: TnError): string {
  const { what, where, found, fix } = error.parts;
  const parts = [where ? `${where}: ${what}` : what, ...(found ?? []), ...(fix ? [fix] : [])];
  return parts
    .map((part) => part.replace(/\s*\n\s*/g, ' ').replace(/[.;]\s*$/, ''))
    .filter((part) => part !== '')
    .join('; ');
}
