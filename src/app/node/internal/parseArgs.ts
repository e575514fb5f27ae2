/** @file `parseArgs` of `node:util`. */

import { nodeError, wrongType } from './errors.ts';

export interface OptionSpec {
  type: 'string' | 'boolean';
  short?: string;
  multiple?: boolean;
  default?: OptionValue | OptionValue[];
}

type OptionValue = string | boolean;

export interface ParseArgsConfig {
  args?: readonly string[];
  options?: Readonly<Record<string, OptionSpec>>;
  strict?: boolean;
  allowPositionals?: boolean;
  tokens?: boolean;
}

export type ParseArgsToken =
  | {
      kind: 'option';
      name: string;
      rawName: string;
      index: number;
      value: string | undefined;
      inlineValue: boolean | undefined;
    }
  | { kind: 'positional'; index: number; value: string }
  | { kind: 'option-terminator'; index: number };

export interface ParsedArgs {
  values: Record<string, OptionValue | OptionValue[] | undefined>;
  positionals: string[];
  tokens?: ParseArgsToken[];
}

type Options = Readonly<Record<string, OptionSpec>>;

/** Reads a command line as Node does. */
export function parseArguments(args: readonly string[], config: ParseArgsConfig): ParsedArgs {
  const { options = {}, strict = true, tokens: wantsTokens = false } = config;
  const allowPositionals = config.allowPositionals ?? !strict;
  for (const [name, { type }] of Object.entries(options)) {
    if (type !== 'string' && type !== 'boolean')
      throw wrongType(`options.${name}.type`, 'one of: string, boolean', type);
  }
  const tokens = readTokens(args, options);
  const values: ParsedArgs['values'] = Object.create(null);
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option') {
      if (strict) checkOption(token, options, allowPositionals);
      store(token, options, values);
    } else if (token.kind === 'positional') {
      if (!allowPositionals) throw unexpectedPositional(token.value);
      positionals.push(token.value);
    }
  }
  for (const [name, spec] of Object.entries(options)) {
    if (spec.default !== undefined && values[name] === undefined) values[name] = spec.default;
  }
  return wantsTokens ? { values, positionals, tokens } : { values, positionals };
}

function specOf(name: string, options: Options): OptionSpec | undefined {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

function readTokens(args: readonly string[], options: Options): ParseArgsToken[] {
  const tokens: ParseArgsToken[] = [];
  const rest = [...args];
  let index = -1;
  // Letters of a group that are still to come: they share their group's place.
  let grouped = 0;
  while (rest.length > 0) {
    const arg = rest.shift() as string;
    if (grouped > 0) grouped--;
    else index++;
    const takesNext = (name: string): boolean => specOf(name, options)?.type === 'string' && rest.length > 0;
    if (arg === '--') {
      tokens.push({ kind: 'option-terminator', index });
      for (const value of rest) tokens.push({ kind: 'positional', index: ++index, value });
      break;
    }
    if (/^-[^-]$/.test(arg)) {
      const name = longName(arg[1], options);
      const separate = takesNext(name);
      const value = separate ? rest.shift() : undefined;
      tokens.push({ kind: 'option', name, rawName: arg, index, value, inlineValue: separate ? false : undefined });
      if (separate) index++;
    } else if (/^-[^-]/.test(arg)) {
      const name = longName(arg[1], options);
      if (specOf(name, options)?.type === 'string') {
        tokens.push({ kind: 'option', name, rawName: `-${arg[1]}`, index, value: arg.slice(2), inlineValue: true });
      } else {
        const letters = splitGroup(arg, options);
        rest.unshift(...letters);
        grouped = letters.length;
      }
    } else if (arg.startsWith('--') && arg.indexOf('=', 3) < 0) {
      const name = arg.slice(2);
      const separate = takesNext(name);
      const value = separate ? rest.shift() : undefined;
      tokens.push({ kind: 'option', name, rawName: arg, index, value, inlineValue: separate ? false : undefined });
      if (separate) index++;
    } else if (arg.startsWith('--')) {
      const equals = arg.indexOf('=', 3);
      const name = arg.slice(2, equals);
      tokens.push({
        kind: 'option',
        name,
        rawName: `--${name}`,
        index,
        value: arg.slice(equals + 1),
        inlineValue: true,
      });
    } else {
      tokens.push({ kind: 'positional', index, value: arg });
    }
  }
  return tokens;
}

function longName(letter: string, options: Options): string {
  return Object.entries(options).find(([, { short }]) => short === letter)?.[0] ?? letter;
}

/** `-abc` as `-a -b -c`; what follows a letter that takes a value is that value. */
function splitGroup(arg: string, options: Options): string[] {
  const parts: string[] = [];
  for (let i = 1; i < arg.length; i++) {
    if (specOf(longName(arg[i], options), options)?.type !== 'string' || i === arg.length - 1) parts.push(`-${arg[i]}`);
    else {
      parts.push(`-${arg.slice(i)}`);
      break;
    }
  }
  return parts;
}

type OptionToken = Extract<ParseArgsToken, { kind: 'option' }>;

function checkOption(token: OptionToken, options: Options, allowPositionals: boolean): void {
  const { name, rawName, value, inlineValue } = token;
  const spec = specOf(name, options);
  if (!spec) {
    const hint = allowPositionals
      ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${rawName}"`
      : '';
    throw nodeError(new TypeError(`Unknown option '${rawName}'${hint}`), 'ERR_PARSE_ARGS_UNKNOWN_OPTION');
  }
  const shown = `${spec.short ? `-${spec.short}, ` : ''}--${name}`;
  if (spec.type === 'string' && typeof value !== 'string')
    throw invalidValue(`Option '${shown} <value>' argument missing`);
  if (spec.type === 'boolean' && value !== undefined) throw invalidValue(`Option '${shown}' does not take an argument`);
  if (inlineValue || value === undefined || value.length < 2 || !value.startsWith('-')) return;
  const example = rawName.startsWith('--') ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
  throw invalidValue(
    `Option '${rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${rawName}'?\n` +
      `To specify an option argument starting with a dash use ${example}.`,
  );
}

function invalidValue(message: string): TypeError {
  return nodeError(new TypeError(message), 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE');
}

function unexpectedPositional(value: string): TypeError {
  const message = `Unexpected argument '${value}'. This command does not take positional arguments`;
  return nodeError(new TypeError(message), 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL');
}

function store({ name, value }: OptionToken, options: Options, values: ParsedArgs['values']): void {
  if (name === '__proto__') return;
  const stored = value ?? true;
  if (!specOf(name, options)?.multiple) {
    values[name] = stored;
    return;
  }
  const list = values[name];
  if (Array.isArray(list)) list.push(stored);
  else values[name] = [stored];
}
