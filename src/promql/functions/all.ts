import { histogramFunctions } from './histograms.ts';
import { infoFunctions } from './info.ts';
import { labelFunctions } from './labels.ts';
import { mathFunctions } from './math.ts';
import { rangeFunctions } from './ranges.ts';
import type { FunctionTable } from './table.ts';
import { timeFunctions } from './time.ts';
import { vectorFunctions } from './vectors.ts';

/** Every function of the language by name. */
export const functions: FunctionTable = {
  ...histogramFunctions,
  ...infoFunctions,
  ...labelFunctions,
  ...mathFunctions,
  ...rangeFunctions,
  ...timeFunctions,
  ...vectorFunctions,
  pi: {
    args: [],
    returns: 'scalar',
    evaluate: (_context, _call, grid) => ({
      kind: 'scalar',
      values: new Float64Array(grid.count).fill(Math.PI),
    }),
  },
};
