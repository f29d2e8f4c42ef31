// Previews as bytes, on their way from workers: who asks for a thousand and looks at a few has few objects made.

import { lazy } from '../base/lazy.ts';
import { printing } from '../base/shown.ts';
import type { AccountDiff, StateDiff } from '../block/state-diff.ts';
import type { PreviewData } from './preview-types.ts';

/** Previews, one behind the other. Structured-cloneable. */
export interface PackedPreviews {
  readonly bytes: Uint8Array;
  /** Of each, where it ends. */
  readonly ends: readonly number[];
}

/** Names of what not every preview has; which of them one has stands in its first byte. */
const OPTIONAL = ['gasLimit', 'createdAddress', 'error'] as const;
/** Key of what stands for a bigint: none that an ABI can give to a field. */
const BIGINT = '\0bigint';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `undefined`: it has to be handed on as it is, as bundles have. */
export function packedPreview(data: PreviewData): Uint8Array | undefined {
  if (data.transactions !== undefined) return undefined;
  // Numbers are in few of the fields, and to look for them takes long.
  const { logs, calls, accessList, dependsOn, stateDiff, ...small } = data;
  const changes = [...stateDiff].map(([address, diff]) => [address, diff && packedDiff(diff)]);
  const large = { logs, calls, accessList, dependsOn, stateDiff: changes };
  const text = encoder.encode(`[${JSON.stringify(small, withoutBigints)},${JSON.stringify(large)}]`);
  const packed = new Uint8Array(1 + text.length);
  packed[0] = OPTIONAL.reduce((mask, name, at) => (data[name] === undefined ? mask : mask | (1 << at)), 0);
  packed.set(text, 1);
  return packed;
}

export function joinedPreviews(packed: readonly Uint8Array[]): PackedPreviews {
  const ends: number[] = [];
  let length = 0;
  for (const one of packed) {
    length += one.length;
    ends.push(length);
  }
  const bytes = new Uint8Array(length);
  for (const [at, one] of packed.entries()) bytes.set(one, ends[at]! - one.length);
  return { bytes, ends };
}

/** One of them, read when somebody looks at it. */
export function unpackedPreview({ bytes, ends }: PackedPreviews, at: number): PreviewData {
  const start = ends[at - 1] ?? 0;
  const has = (name: (typeof OPTIONAL)[number]) => (bytes[start]! & (1 << OPTIONAL.indexOf(name))) !== 0;
  const parts = lazy(() => readPreview(decoder.decode(bytes.subarray(start + 1, ends[at]))));
  const found = {
    get status() {
      return parts().status;
    },
    get gasUsed() {
      return parts().gasUsed;
    },
    get stateGas() {
      return parts().stateGas;
    },
    get returnData() {
      return parts().returnData;
    },
    get fee() {
      return parts().fee;
    },
    get maxUsedGas() {
      return parts().maxUsedGas;
    },
    get logs() {
      return parts().logs;
    },
    get calls() {
      return parts().calls;
    },
    get assetChanges() {
      return parts().assetChanges;
    },
    get approvals() {
      return parts().approvals;
    },
    get delegations() {
      return parts().delegations;
    },
    get stateDiff() {
      return parts().stateDiff;
    },
    get accessList() {
      return parts().accessList;
    },
    get environment() {
      return parts().environment;
    },
    get dependsOn() {
      return parts().dependsOn;
    },
    get report() {
      return parts().report;
    },
  };
  for (const name of OPTIONAL) {
    if (has(name))
      Object.defineProperty(found, name, { get: () => parts()[name], enumerable: true, configurable: true });
  }
  return printing(found);
}

function readPreview(text: string): PreviewData {
  const [small, large] = JSON.parse(text, withBigints) as [object, { stateDiff: [string, PackedDiff | null][] }];
  const stateDiff = new Map(large.stateDiff.map(([address, diff]) => [address, diff && readDiff(diff)])) as StateDiff;
  return { calls: undefined, ...small, ...large, stateDiff } as unknown as PreviewData;
}

type PackedDiff = Omit<AccountDiff, 'storage' | 'balance' | 'nonce'> & {
  readonly balance?: object;
  readonly nonce?: object;
  readonly storage: readonly (readonly [string, string])[];
};

function packedDiff({ balance, nonce, storage, ...rest }: AccountDiff): PackedDiff {
  return {
    ...(balance !== undefined && { balance: withoutBigints('', balance) as object }),
    ...(nonce !== undefined && { nonce: withoutBigints('', nonce) as object }),
    ...rest,
    storage: [...storage],
  };
}

function readDiff({ storage, ...rest }: PackedDiff): AccountDiff {
  return { ...rest, storage: new Map(storage) } as unknown as AccountDiff;
}

function withoutBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { [BIGINT]: String(value) } : value;
}

function withBigints(_key: string, value: unknown): unknown {
  const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[BIGINT] : undefined;
  return text === undefined ? value : BigInt(text as string);
}
