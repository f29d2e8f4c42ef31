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

/** Previews one behind the other, in room that grows. */
export class PreviewPacker {
  #bytes = new Uint8Array(1 << 16);
  #end = 0;
  readonly #ends: number[] = [];

  /** False: it has to be handed on as it is, as bundles have. */
  add(data: PreviewData): boolean {
    if (data.transactions !== undefined) return false;
    // Numbers are in few of the fields, and to look for them takes long.
    const { logs, calls, accessList, dependsOn, stateDiff, ...small } = data;
    const changes = [...stateDiff].map(([address, diff]) => [address, diff && packedDiff(diff)]);
    this.#reserve(1);
    this.#bytes[this.#end++] = OPTIONAL.reduce(
      (mask, name, at) => (data[name] === undefined ? mask : mask | (1 << at)),
      0,
    );
    // Apart: texts that are put together are copied once more.
    this.#write('[');
    this.#write(JSON.stringify(small, withoutBigints));
    this.#write(',');
    this.#write(JSON.stringify({ logs, calls, accessList, dependsOn, stateDiff: changes }));
    this.#write(']');
    this.#ends.push(this.#end);
    return true;
  }

  /** All of them; from then on there are none. */
  take(): PackedPreviews {
    const packed = { bytes: this.#bytes.slice(0, this.#end), ends: this.#ends.splice(0) };
    this.#end = 0;
    return packed;
  }

  #write(text: string): void {
    this.#reserve(text.length * 3);
    this.#end += encoder.encodeInto(text, this.#bytes.subarray(this.#end)).written;
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#end + length));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
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
