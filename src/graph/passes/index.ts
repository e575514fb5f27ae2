/** @file The passes that every captured graph goes through, in order. */

import type { Graph } from '../graph.ts';
import { mergeCommonSubexpressions } from './commonSubexpressions.ts';
import { removeDeadCode } from './deadCode.ts';
import { dropUnusedParameters } from './unusedParameters.ts';

export function simplifyGraph(graph: Graph): Graph {
  return dropUnusedParameters(removeDeadCode(mergeCommonSubexpressions(graph)));
}
