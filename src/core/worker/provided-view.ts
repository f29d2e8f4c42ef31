// A task's view of the state of which somebody else gives parts; the multi-version store gives the rest.

import type { StateView } from '../../task/executor.ts';

type Methods = {
  readonly [Name in keyof StateView]: StateView[Name] extends (...given: never[]) => unknown ? Name : never;
};
type MethodName = Methods[keyof StateView];

/** Each of them; the compiler sees to it that none is missing. */
const METHODS: { readonly [Name in MethodName]: true } = {
  ...{ balance: true, balanceAtLeast: true, nonce: true, codeHash: true, code: true, storage: true, exists: true },
  ...{ setBalance: true, credit: true, setNonce: true, setCode: true, setStorage: true, setExists: true },
  ...{ resetStorage: true, read: true, write: true, readNumber: true, writeNumber: true, add: true, atLeast: true },
};

/** `store`, with the methods that are provided in the place of its own. */
export function viewOver(provided: Partial<StateView> | undefined, store: StateView): StateView {
  if (provided === undefined) return store;
  const view: Record<string, unknown> = { index: store.index, incarnation: store.incarnation };
  for (const name of Object.keys(METHODS) as MethodName[]) {
    const owner = typeof provided[name] === 'function' ? provided : store;
    const method = owner[name] as (...given: unknown[]) => unknown;
    view[name] = method.bind(owner);
  }
  return view as unknown as StateView;
}
