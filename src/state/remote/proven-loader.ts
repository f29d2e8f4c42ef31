// How units become values that nobody has to be believed for: each is proven against the state root of the pinned header.

import { ProofError, StateSourceError } from '../../base/errors.ts';
import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import { headerFields, headerHash } from '../../block/block-encoding.ts';
import type { HeaderInput } from '../../block/block-input.ts';
import type { Cancellation } from './cancellation.ts';
import type { RpcRequest } from './json-rpc.ts';
import { type Loaded, type Loader, type LoaderSurroundings, unitsOfKind } from './loader.ts';
import type { ProvenAccount } from './proof.ts';
import { proofRequest } from './proof.ts';
import type { FetchedAccount, Unit } from './state-keys.ts';
import { codeRequest, headerRequest, type RemoteHeader } from './state-requests.ts';
import { resultOf } from './transport.ts';

/** What the caller believes: a root, and the header where the root was found in one that has the right hash. */
export interface Trust {
  readonly stateRoot: Hex;
  /** The hash of the parent, where the header that says it is proven by its own hash. */
  readonly parentHash: Hex | undefined;
}

/** Slots in one answer: each has a proof of some kilobytes. */
const SLOTS_AT_ONCE = 100;

/** Whether a header has the hash that it says it has. */
export function hashesTo(header: HeaderInput, hash: Hex): boolean {
  const fields = headerFields(header);
  return fields !== undefined && headerHash(fields) === hash;
}

export function provenLoader(surroundings: LoaderSurroundings, trust: Trust): Loader {
  return async (units, cancellation) => {
    const { transport, pin } = surroundings;
    const accounts = unitsOfKind(units, 'account');
    const proofs = [...slotsByAddress(units)].flatMap(([address, slots]) =>
      partsOf(slots, SLOTS_AT_ONCE).map((part) => proofRequest(address, part)),
    );
    const codes = accounts.map(({ address }) => codeRequest(address));
    const [claims, found, hashes] = await Promise.all([
      transport.send(proofs, pin, cancellation),
      transport.send(codes, pin, cancellation),
      provenHashes(units, surroundings, trust, cancellation),
    ]);
    const endpoint = transport.endpoints[0]!.wire.name;
    const proven = new Map<Hex, ProvenAccount>();
    const slots: [Hex, Hex, Hex][] = [];
    // The trie is loaded when something is to be proven: most sources never do.
    const { verifyProof } = await import('./proof-verification.ts');
    for (const [at, request] of proofs.entries()) {
      const claimed = resultOf(claims.answers[at]!, request, pin);
      proven.set(claimed.address, await verifyProof(trust.stateRoot, claimed, endpoint));
      for (const { slot, value } of claimed.storageProof) slots.push([claimed.address, slot, value]);
    }
    return {
      accounts: accounts.map(({ address }, at) => [
        address,
        accountOf(address, proven.get(address)!, resultOf(found.answers[at]!, codes[at]!, pin), surroundings, endpoint),
      ]),
      slots,
      hashes: hashes.hashes,
      storageRoots: [...proven].map(([address, { storageHash }]) => [address, storageHash]),
      trip: Math.max(claims.trip, found.trip, hashes.trip),
    };
  };
}

function accountOf(
  address: Hex,
  { balance, nonce, codeHash, storageHash, exists }: ProvenAccount,
  code: Hex,
  { codes }: LoaderSurroundings,
  endpoint: string,
): FetchedAccount {
  const kept = codes.add(code);
  if (kept.codeHash !== codeHash) {
    throw new ProofError({
      endpoint,
      address,
      field: 'code',
      claimed: `code with the hash ${kept.codeHash}`,
      proven: codeHash,
    });
  }
  return { balance, nonce, exists, storageRoot: storageHash, ...kept };
}

/** Hashes of earlier blocks: each header says the hash of the one before it, so that all between are needed. */
async function provenHashes(
  units: readonly Unit[],
  { transport, pin }: LoaderSurroundings,
  { parentHash }: Trust,
  cancellation: Cancellation,
): Promise<Pick<Loaded, 'hashes' | 'trip'>> {
  const numbers = unitsOfKind(units, 'blockHash').map(({ number }) => number);
  if (numbers.length === 0) return { hashes: [], trip: 0 };
  if (parentHash === undefined) {
    throw new StateSourceError(
      `the hash of block ${numbers[0]} cannot be proven by a state root: name the block by its hash`,
    );
  }
  const first = numbers.reduce((least, number) => (number < least ? number : least));
  const requests: RpcRequest<RemoteHeader | null>[] = [];
  for (let number = first + 1n; number < pin.number; number++) {
    requests.push(headerRequest({ number: quantityFromNumber(number) }));
  }
  const { answers, trip } = await transport.send(requests, pin, cancellation);
  const hashes = new Map<bigint, Hex>([[pin.number - 1n, parentHash]]);
  for (let at = requests.length - 1; at >= 0; at--) {
    const number = first + 1n + BigInt(at);
    const header = resultOf(answers[at]!, requests[at]!, pin);
    const expected = hashes.get(number)!;
    if (header === null || !hashesTo(header, expected)) {
      throw new StateSourceError(
        `block ${number} as the node has it does not have the hash ${expected}, which its successor names`,
      );
    }
    hashes.set(number - 1n, header.parentHash);
  }
  return { hashes: numbers.map((number) => [number, hashes.get(number)!]), trip };
}

function slotsByAddress(units: readonly Unit[]): Map<Hex, Hex[]> {
  const slots = new Map<Hex, Hex[]>(unitsOfKind(units, 'account').map(({ address }) => [address, []]));
  for (const { address, slot } of unitsOfKind(units, 'storage')) {
    const known = slots.get(address);
    if (known === undefined) slots.set(address, [slot]);
    else known.push(slot);
  }
  return slots;
}

function partsOf<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < Math.max(1, items.length); at += size) parts.push(items.slice(at, at + size));
  return parts;
}
