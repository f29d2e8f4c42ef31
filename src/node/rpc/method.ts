// What a method of JSON-RPC is: the names of its parameters, and what it does.

import { InputError } from '../../base/errors.ts';
import { describe, isMissing } from '../../base/reader.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { Params } from './parameters.ts';

export interface Method {
  /** Names of its parameters, in order; those with `?` may be missing. */
  readonly params: readonly string[];
  /** Each of the parameters is there, or `undefined`; none of them is checked yet. */
  run(node: ChainNode, params: Params, call: Call): unknown;
}

export type Methods = Readonly<Record<string, Method>>;

/** The parameters as a method takes them. @throws InputError naming the one that is missing, or too many */
export function readParams(method: Method, given: unknown): Params {
  const params = given === undefined || given === null ? [] : given;
  if (!Array.isArray(params)) throw new InputError('params', `expected an array, got ${describe(given)}`);
  const { params: names } = method;
  if (params.length > names.length) {
    throw new InputError('params', `${params.length} given, at most ${names.length} expected: ${names.join(', ')}`);
  }
  names.forEach((name, i) => {
    if (isMissing(params[i]) && !name.endsWith('?')) throw new InputError(`params[${i}]`, `${name} is missing`);
  });
  return params;
}
