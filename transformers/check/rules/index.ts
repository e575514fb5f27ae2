/** @file The table of rules. */

import type { Rule } from '../finding.ts';
import { argumentNotData } from './argumentNotData.ts';
import { asynchronous } from './asynchronous.ts';
import { bakedSize } from './bakedSize.ts';
import { branchOnData } from './branchOnData.ts';
import { changedState } from './changedState.ts';
import { hiddenDim } from './hiddenDim.ts';
import { matcherAxis } from './matcherAxis.ts';
import { matcherDim } from './matcherDim.ts';
import { narrowedDim } from './narrowedDim.ts';
import { noMetadata } from './noMetadata.ts';
import { notCompiled } from './notCompiled.ts';
import { notRepeatable } from './notRepeatable.ts';
import { outsideTensor } from './outsideTensor.ts';
import { readsValue } from './readsValue.ts';
import { reboundTensor } from './reboundTensor.ts';
import { resultNotData } from './resultNotData.ts';
import { undecoratable } from './undecoratable.ts';
import { unknownParameter } from './unknownParameter.ts';

export const rules: readonly Rule[] = [
  readsValue,
  branchOnData,
  changedState,
  reboundTensor,
  notRepeatable,
  asynchronous,
  argumentNotData,
  resultNotData,
  outsideTensor,
  notCompiled,
  hiddenDim,
  narrowedDim,
  bakedSize,
  unknownParameter,
  matcherAxis,
  matcherDim,
  noMetadata,
  undecoratable,
];
