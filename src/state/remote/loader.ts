// How units become values: by reading them one by one, several slots of an account at once where there are many.

import { ReorganisationError, StateSourceError } from '../../base/errors.ts';
import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import type { Cancellation } from './cancellation.ts';
import type { CodeStore } from './code-store.ts';
import type { Pin } from './endpoint.ts';
import type { RpcRequest } from './json-rpc.ts';
import { proofRequest } from './proof.ts';
import type { FetchedAccount, Unit } from './state-keys.ts';
import { balanceRequest, codeRequest, headerRequest, nonceRequest, storageRequest } from './state-requests.ts';
import { resultOf, type Transport } from './transport.ts';

/** Units with their values, and the trip that they came with. */
export interface Loaded {
  readonly accounts: readonly (readonly [Hex, FetchedAccount])[];
  readonly slots: readonly (readonly [address: Hex, slot: Hex, value: Hex])[];
  readonly hashes: readonly (readonly [bigint, Hex])[];
  /** Of the accounts whose slots were proven. */
  readonly storageRoots?: readonly (readonly [address: Hex, root: Hex])[];
  readonly trip: number;
}

/** Gives the values of all units at one block. @throws RpcError, ReorganisationError, or the reason of the cancellation */
export type Loader = (units: readonly Unit[], cancellation: Cancellation) => Promise<Loaded>;

export interface LoaderSurroundings {
  readonly transport: Transport;
  readonly codes: CodeStore;
  readonly pin: Pin;
}

type UnitOf<K extends Unit['kind']> = Extract<Unit, { kind: K }>;

export function unitsOfKind<K extends Unit['kind']>(units: readonly Unit[], kind: K): UnitOf<K>[] {
  return units.filter((unit): unit is UnitOf<K> => unit.kind === kind);
}

/** Takes the node's word for everything. */
export function plainLoader({ transport, codes, pin }: LoaderSurroundings): Loader {
  return async (units, cancellation) => {
    const accounts = unitsOfKind(units, 'account');
    const slots = unitsOfKind(units, 'storage');
    const numbers = unitsOfKind(units, 'blockHash').map(({ number }) => number);
    const questions = [
      accounts.map(({ address }) => balanceRequest(address)),
      accounts.map(({ address }) => nonceRequest(address)),
      accounts.map(({ address }) => codeRequest(address)),
      slots.map(({ address, slot }) => storageRequest(address, slot)),
      numbers.map((number) => headerRequest({ number: quantityFromNumber(number) })),
      // A number alone names no block: together with them it is asked what the pinned one is by now.
      numbers.length === 0 ? [] : [headerRequest({ number: quantityFromNumber(pin.number) })],
    ] as const;
    const requests: RpcRequest<unknown>[] = questions.flat();
    const { answers, trip } = await transport.send(requests, pin, cancellation);
    const values = answers.map((answer, at) => resultOf(answer, requests[at]!, pin));
    const take = <T>(of: readonly RpcRequest<T>[]) => values.splice(0, of.length) as T[];
    const [balances, nonces] = [take(questions[0]), take(questions[1])];
    const [found, words] = [take(questions[2]), take(questions[3])];
    const [headers, now] = [take(questions[4]), take(questions[5])];
    if (numbers.length > 0) checkPinned(pin, now[0] ?? null);
    return {
      accounts: accounts.map(({ address }, at) => {
        const [balance, nonce] = [balances[at]!, nonces[at]!];
        const exists = balance !== 0n || nonce !== 0n || found[at] !== '0x';
        return [address, { balance, nonce, exists, ...codes.add(found[at]!) }];
      }),
      slots: slots.map(({ address, slot }, at) => [address, slot, words[at]!]),
      hashes: numbers.map((number, at) => [number, hashOf(number, headers[at] ?? null)]),
      trip,
    };
  };
}

/**
 * Before EIP-161 an account may exist although nothing is in it, and creating it again costs less; reads of its fields do not
 * tell, only a proof does.
 */
export function withExistence(load: Loader, { transport, pin }: LoaderSurroundings, stateRoot: Hex): Loader {
  return async (units, cancellation) => {
    const loaded = await load(units, cancellation);
    const doubtful = loaded.accounts.filter(([, { exists }]) => !exists).map(([address]) => address);
    if (doubtful.length === 0) return loaded;
    const requests = doubtful.map((address) => proofRequest(address, []));
    const { answers, trip } = await transport.send(requests, pin, cancellation);
    const { verifyProof } = await import('./proof-verification.ts');
    const there = new Set<Hex>();
    for (const [at, answer] of answers.entries()) {
      const claimed = resultOf(answer, requests[at]!, pin);
      const { exists } = await verifyProof(stateRoot, claimed, transport.endpoints[0]!.wire.name);
      if (exists) there.add(claimed.address);
    }
    const accounts = loaded.accounts.map(
      ([address, account]) => [address, there.has(address) ? { ...account, exists: true } : account] as const,
    );
    return { ...loaded, accounts, trip };
  };
}

function hashOf(number: bigint, header: { hash: Hex } | null): Hex {
  if (header === null) throw new StateSourceError(`the node has no block ${number}`);
  return header.hash;
}

/** @throws ReorganisationError where another block has the number of the pinned one */
function checkPinned({ number, hash }: Pin, now: { hash: Hex } | null): void {
  if (now === null) throw new StateSourceError(`the node has no block ${number} any more, which was ${hash}`);
  if (now.hash !== hash) throw new ReorganisationError(number, hash, now.hash);
}
