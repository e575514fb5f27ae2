/** @file Findings as SARIF 2.1.0, the form in which code hosts and editors take them. */

import { relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Finding } from '../../transformers/check/finding.ts';
import { rules } from '../../transformers/check/rules/index.ts';
import { ownVersion } from '../../transformers/ownPackage.ts';

interface Message {
  readonly text: string;
}

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: 'warning';
  readonly message: Message;
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
      readonly region: {
        readonly startLine: number;
        readonly startColumn: number;
        readonly endLine: number;
        readonly endColumn: number;
      };
    };
  }[];
  readonly properties?: { readonly part: string };
}

export interface SarifLog {
  readonly $schema: string;
  readonly version: '2.1.0';
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly version: string;
        readonly rules: readonly {
          readonly id: string;
          readonly shortDescription: Message;
          readonly help: Message;
          readonly defaultConfiguration: { readonly level: 'warning' };
        }[];
      };
    };
    readonly originalUriBaseIds: { readonly SRCROOT: { readonly uri: string } };
    readonly columnKind: 'utf16CodeUnits';
    readonly results: readonly SarifResult[];
  }[];
}

/** One run; files are named relative to `root`, a folder, where they are in it. */
export function sarifOf(findings: readonly Finding[], root = process.cwd()): SarifLog {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'tn check',
            version: ownVersion,
            rules: rules.map(({ name, summary, remedy }) => ({
              id: name,
              shortDescription: { text: summary },
              help: { text: `What to do: ${remedy}.` },
              defaultConfiguration: { level: 'warning' },
            })),
          },
        },
        originalUriBaseIds: { SRCROOT: { uri: `${pathToFileURL(root).href.replace(/\/$/, '')}/` } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, root)),
      },
    ],
  };
}

function resultOf({ file, rule, message, remedy, part, ...at }: Finding, root: string): SarifResult {
  const path = relative(root, file);
  const isInside = !path.startsWith('..');
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ name }) => name === rule),
    level: 'warning',
    message: { text: `${message}. What to do: ${remedy}.` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: isInside
            ? { uri: path.split(sep).map(encodeURIComponent).join('/'), uriBaseId: 'SRCROOT' }
            : { uri: pathToFileURL(file).href },
          region: { startLine: at.line, startColumn: at.column, endLine: at.endLine, endColumn: at.endColumn },
        },
      },
    ],
    ...(part === null ? {} : { properties: { part } }),
  };
}
