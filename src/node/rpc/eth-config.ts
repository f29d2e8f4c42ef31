// eth_config (EIP-7910): the rules in force, those before them, and those to come.

import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import type { ChainFork } from '../../chain/chain.ts';
import type { Hardfork } from '../../chain/hardfork.ts';
import { rulesOf } from '../../chain/rules.ts';
import {
  BEACON_ROOTS,
  BLOCK_HASHES,
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  WITHDRAWAL_REQUESTS,
} from '../../chain/system-contracts.ts';
import type { RecordedChain } from '../recorded-chain.ts';

/** From address 1 on. */
const PRECOMPILES = [
  ...['ECREC', 'SHA256', 'RIPEMD160', 'ID', 'MODEXP', 'BN254_ADD', 'BN254_MUL', 'BN254_PAIRING', 'BLAKE2F'],
  ...['KZG_POINT_EVALUATION', 'BLS12_G1ADD', 'BLS12_G1MSM', 'BLS12_G2ADD', 'BLS12_G2MSM', 'BLS12_PAIRING_CHECK'],
  ...['BLS12_MAP_FP_TO_G1', 'BLS12_MAP_FP2_TO_G2'],
];
const P256VERIFY = 0x100;

type TimedFork = ChainFork & { readonly hardfork: Hardfork; readonly since: { readonly time: bigint } };

/** Forks are told by time: of a chain before all of them there is nothing to say. */
export function configAnswer(record: RecordedChain) {
  const { forks = [] } = record.chain;
  const timed = forks.filter((fork): fork is TimedFork => typeof fork.since === 'object' && 'time' in fork.since);
  const now = BigInt(record.head.block.timestamp);
  const at = timed.findLastIndex(({ since }) => since.time <= now);
  const answer = (fork: TimedFork | undefined) => (fork === undefined ? null : forkAnswer(record, fork));
  const next = timed[at + 1];
  return { current: answer(timed[at]), next: answer(next), last: next === undefined ? null : answer(timed.at(-1)) };
}

function forkAnswer(record: RecordedChain, { hardfork, since, blobs }: TimedFork) {
  const rules = rulesOf(hardfork);
  const { maxBlobs, targetBlobs, blobUpdateFraction } = blobs ?? rules;
  return {
    activationTime: Number(since.time),
    ...(maxBlobs > 0 && {
      blobSchedule: { target: targetBlobs, max: maxBlobs, baseFeeUpdateFraction: Number(blobUpdateFraction) },
    }),
    chainId: quantityFromNumber(record.chain.id),
    forkId: forkId(record, since.time),
    precompiles: precompilesOf(hardfork),
    systemContracts: {
      ...(rules.hasBeaconRoot && { BEACON_ROOTS_ADDRESS: BEACON_ROOTS }),
      ...(rules.hasBuilderRequests && {
        BUILDER_DEPOSIT_CONTRACT_ADDRESS: BUILDER_DEPOSIT_REQUESTS,
        BUILDER_EXIT_CONTRACT_ADDRESS: BUILDER_EXIT_REQUESTS,
      }),
      ...(rules.hasRequests && {
        CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS: CONSOLIDATION_REQUESTS,
        ...(record.chain.depositContract !== null && { DEPOSIT_CONTRACT_ADDRESS: record.chain.depositContract }),
      }),
      ...(rules.hasBlockHashContract && { HISTORY_STORAGE_ADDRESS: BLOCK_HASHES }),
      ...(rules.hasRequests && { WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS: WITHDRAWAL_REQUESTS }),
    },
  };
}

function precompilesOf(hardfork: Hardfork): Record<string, Hex> {
  const { lastPrecompile, hasP256 } = rulesOf(hardfork);
  const named = PRECOMPILES.slice(0, lastPrecompile).map((name, i) => [name, addressOf(i + 1)]);
  return Object.fromEntries(hasP256 ? [...named, ['P256VERIFY', addressOf(P256VERIFY)]] : named);
}

function addressOf(number: number): Hex {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** EIP-2124: CRC-32 of the genesis hash and of all forks that have passed by then. */
function forkId(record: RecordedChain, until: bigint): Hex {
  const { first } = record.store;
  const genesisTime = BigInt(first.block.timestamp);
  const blocks = new Set<bigint>();
  const times = new Set<bigint>();
  for (const { since } of record.chain.forks ?? []) {
    if (since === 'merge') continue;
    if ('block' in since && since.block > 0n) blocks.add(since.block);
    if ('time' in since && since.time > genesisTime && since.time <= until) times.add(since.time);
  }
  const ascending = (left: bigint, right: bigint) => (left < right ? -1 : 1);
  const passed = [...[...blocks].sort(ascending), ...[...times].sort(ascending)];
  const parts = [
    bytesFromHex(first.hash),
    ...passed.map((since) => bytesFromHex(`0x${since.toString(16).padStart(16, '0')}`)),
  ];
  return hexFromBytes(crc32(parts.flatMap((part) => [...part])));
}

/** The checksum of zlib, of few bytes. */
function crc32(bytes: readonly number[]): Uint8Array {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  const value = (sum ^ 0xffffffff) >>> 0;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
