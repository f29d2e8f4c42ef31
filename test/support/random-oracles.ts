// Access oracles that say what is true, a part of it, lies, or far too much: for blocks of synthetic programs and of transfers.
import { Kind } from '../../assembly/layout.ts';
import type { AccessKey, AccessOracle, AccessPrediction, AccessWrite, Hex } from '../../src/index.ts';
import { Operation, partsOfKey, runSequentially, type SyntheticBlock } from './synthetic.ts';

export const ORACLE_MOODS = ['right', 'partial', 'lying', 'huge', 'broken'] as const;
export type OracleMood = (typeof ORACLE_MOODS)[number];

type Random = () => number;

export function addressOf(account: number): Hex {
  return `0x${account.toString(16).padStart(40, '0')}`;
}

function slotOf(slot: number): Hex {
  return `0x${slot.toString(16).padStart(64, '0')}`;
}

/** What each program really leaves, by the sequential oracle, and what it looks at as far as its text says. */
export function truePredictions(block: SyntheticBlock): AccessPrediction[] {
  const state = (count: number) => runSequentially(block, count).state;
  let before = state(0);
  return block.programs.map((program, index) => {
    const after = state(index + 1);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => before.get(key) !== after.get(key),
    );
    const writes = changed.flatMap((key) => writeOf(key, after.get(key) ?? 0n));
    const reads = program.flatMap(([operation, account = 0, slot = 0]): AccessKey[] => {
      const address = addressOf(account);
      if (operation === Operation.READ || operation === Operation.INCREMENT) {
        return [{ kind: 'storage', address, slot: slotOf(slot) }];
      }
      return operation === Operation.READ_BALANCE || operation === Operation.DEBIT
        ? [{ kind: 'balance', address }]
        : [];
    });
    before = after;
    return { reads, writes };
  });
}

function writeOf(key: number, value: bigint): AccessWrite[] {
  const { kind, account, slot } = partsOfKey(key);
  const address = addressOf(account);
  if (kind === Kind.STORAGE) return [{ kind: 'storage', address, slot: slotOf(slot), value }];
  if (kind === Kind.BALANCE) return [{ kind: 'balance', address, value }];
  return kind === Kind.NONCE ? [{ kind: 'nonce', address, value }] : [];
}

/** An oracle of some mood about what `truth` says of each. */
export function oracleOf(truth: readonly AccessPrediction[], mood: OracleMood, random: Random): AccessOracle {
  const of = moods[mood](truth, random);
  return { transactionAccess: ({ index }) => of(index), taskAccess: ({ id }) => of(id) };
}

type Of = (index: number) => AccessPrediction | undefined;

const moods: Readonly<Record<OracleMood, (truth: readonly AccessPrediction[], random: Random) => Of>> = {
  right: (truth) => (index) => truth[index],
  partial: (truth, random) => (index) => {
    if (random() < 0.3) return undefined;
    const some = <T>(list: readonly T[] = []) => list.filter(() => random() < 0.6);
    const { reads, writes } = truth[index]!;
    const valueless = some(writes).map((write) => (random() < 0.5 ? write : { ...write, value: undefined }));
    return { reads: some(reads), writes: valueless as AccessWrite[] };
  },
  lying: (truth, random) => (index) => lie(truth, index, random),
  huge: (truth, random) => (index) => {
    if (random() < 0.5) return lie(truth, index, random);
    const many = 50 + Math.floor(random() ** 3 * 800);
    const keys = Array.from({ length: many }, (_, at): AccessKey => {
      return { kind: 'storage', address: addressOf(1 + (at % 7)), slot: slotOf(at >>> 3) };
    });
    const after = Array.from({ length: index * 3 }, (_, at) => at % Math.max(1, index));
    return { reads: keys, touches: keys, writes: keys.map((key) => ({ ...key, value: 3n })), after };
  },
  broken: (truth, random) => (index) => {
    const rubbish: unknown[] = [
      ...[null, 7, 'no', [], { reads: 5 }, { reads: [null, 3, { kind: 'storage', address: '0x1' }] }],
      ...[{ writes: [{ kind: 'balance', address: addressOf(1), value: -1n }] }, { after: [index, -1, 0.5, index + 1] }],
      ...[{ writes: [{ kind: 'nonce', address: addressOf(2), value: 1n << 300n }] }, { gas: -4n }, { kind: {} }],
    ];
    if (random() < 0.2) throw new Error('an oracle that fails');
    return random() < 0.5
      ? (rubbish[Math.floor(random() * rubbish.length)] as AccessPrediction)
      : lie(truth, index, random);
  },
};

/** Places of the block, at which somebody else writes, and values that are nearly right. */
function lie(truth: readonly AccessPrediction[], index: number, random: Random): AccessPrediction {
  const other = truth[Math.floor(random() * truth.length)]!;
  const keys = [...(other.reads ?? []), ...(truth[index]!.writes ?? [])];
  const value = () => BigInt(Math.floor(random() * 60));
  const writes = [...(other.writes ?? []), ...keys].map((key): AccessWrite => {
    const isNumber = key.kind !== 'code' && key.kind !== 'data';
    return random() < 0.7 && isNumber ? { ...key, value: value() } : { ...key };
  });
  const code: AccessWrite = { kind: 'code', address: addressOf(1 + Math.floor(random() * 4)), value: Uint8Array.of(0) };
  return {
    reads: other.writes ?? [],
    writes: random() < 0.2 ? [...writes, code] : writes,
    credits: random() < 0.3 ? keys : [],
    touches: random() < 0.3 ? keys : [],
    after: Array.from({ length: Math.min(index, 3) }, () => Math.floor(random() * index)),
    gas: BigInt(Math.floor(random() * 1e6)),
  };
}
