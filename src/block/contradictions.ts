// What contradicts itself in a request for a call, whoever reads it: each reader refuses it in an order and with codes of its own.

export type ContradictionKind =
  | 'both-fees'
  | 'tip-above-fee'
  | 'no-blobs'
  | 'blobs-without-recipient'
  | 'no-authorizations'
  | 'authorizations-without-recipient';

export interface Contradiction {
  /** The part of the request that is refused. */
  readonly name: string;
  readonly message: string;
}

/** Numbers as bigints or whatever `BigInt` takes; `null` is the same as nothing. */
export interface ContradictableRequest {
  readonly to?: unknown;
  readonly gasPrice?: bigint | number | string | null | undefined;
  readonly maxFeePerGas?: bigint | number | string | null | undefined;
  readonly maxPriorityFeePerGas?: bigint | number | string | null | undefined;
  readonly blobVersionedHashes?: readonly unknown[] | null | undefined;
  readonly authorizationList?: readonly unknown[] | null | undefined;
}

const NONE: ReadonlyMap<ContradictionKind, Contradiction> = new Map();

/** All that there are. */
export function contradictionsIn(request: ContradictableRequest): ReadonlyMap<ContradictionKind, Contradiction> {
  const { to, gasPrice, maxFeePerGas, maxPriorityFeePerGas, blobVersionedHashes, authorizationList } = request;
  const hasFees = maxFeePerGas != null || maxPriorityFeePerGas != null;
  // Nearly all requests have none of it.
  if (!hasFees && blobVersionedHashes == null && authorizationList == null) return NONE;
  const found = new Map<ContradictionKind, Contradiction>();
  if (hasFees && gasPrice != null) {
    found.set('both-fees', { name: 'gasPrice', message: 'not together with maxFeePerGas or maxPriorityFeePerGas' });
  }
  if (maxFeePerGas != null && maxPriorityFeePerGas != null && BigInt(maxPriorityFeePerGas) > BigInt(maxFeePerGas)) {
    found.set('tip-above-fee', { name: 'maxPriorityFeePerGas', message: `above maxFeePerGas, ${maxFeePerGas}` });
  }
  if (blobVersionedHashes?.length === 0) found.set('no-blobs', { name: 'blobVersionedHashes', message: 'empty' });
  if (blobVersionedHashes != null && to == null) {
    found.set('blobs-without-recipient', { name: 'to', message: 'missing, and blobs need a recipient' });
  }
  if (authorizationList?.length === 0) found.set('no-authorizations', { name: 'authorizationList', message: 'empty' });
  if (authorizationList != null && to == null) {
    found.set('authorizations-without-recipient', {
      name: 'to',
      message: 'missing, and authorizations need a recipient',
    });
  }
  return found;
}
