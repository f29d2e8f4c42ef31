// The precompiles over BLS12-381 (EIP-2537) on mcl.
import { InvalidInput, no, type Precompile, yes } from '../precompile-input.ts';
import { type CurveForm, FP, FR, G1, G2, type MclCurve } from './curve.ts';

/** Coordinates of 48 bytes after 16 zeros; of two parts, the real one comes first. */
export const bls12Form: CurveForm = {
  number: 5,
  field: '1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab',
  order: '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001',
  padding: 16,
  imaginaryFirst: false,
};

/** Maps field elements to the curve as RFC 9380 says (mcl/curve_type.h). */
const MAP_AS_RFC_9380 = 5;

/** One of the two groups: how to read, compute and write its points. */
interface Group {
  /** Bytes of a point in mcl, and in calls. */
  size: number;
  width: number;
  read(point: number, input: Uint8Array, at: number): boolean;
  write(point: number): Uint8Array;
  isInSubgroup(point: number): boolean;
  clear(point: number): void;
  add(sum: number, left: number, right: number): void;
  multiply(sum: number, points: number, scalars: number, count: number): void;
}

/** The seven precompiles, by their number. */
export function bls12Precompiles(curve: MclCurve): Record<number, Precompile> {
  const { mcl } = curve;
  if (mcl.mclBn_setMapToMode(MAP_AS_RFC_9380) !== 0) throw new Error('mcl does not map to the curve');
  const g1: Group = {
    size: G1,
    width: 128,
    read: (point, input, at) => curve.readG1(point, input, at),
    write: (point) => curve.writeG1(point),
    isInSubgroup: (point) => mcl.mclBnG1_isValidOrder(point) !== 0,
    clear: mcl.mclBnG1_clear,
    add: mcl.mclBnG1_add,
    multiply: mcl.mclBnG1_mulVec,
  };
  const g2: Group = {
    size: G2,
    width: 256,
    read: (point, input, at) => curve.readG2(point, input, at),
    write: (point) => curve.writeG2(point),
    isInSubgroup: (point) => mcl.mclBnG2_isValidOrder(point) !== 0,
    clear: mcl.mclBnG2_clear,
    add: mcl.mclBnG2_add,
    multiply: mcl.mclBnG2_mulVec,
  };
  const left = curve.allocate(G2);
  const right = curve.allocate(G2);
  const field = curve.allocate(2 * FP);

  /** Addition is the only one that takes points outside the subgroup. */
  function add(input: Uint8Array, group: Group): Uint8Array {
    if (input.length !== group.width * 2) throw new InvalidInput('not two points');
    group.read(left, input, 0);
    group.read(right, input, group.width);
    group.add(left, left, right);
    return group.write(left);
  }

  function readOfSubgroup(point: number, input: Uint8Array, at: number, group: Group): boolean {
    if (!group.read(point, input, at)) return false;
    if (!group.isInSubgroup(point)) throw new InvalidInput('not in the subgroup');
    return true;
  }

  function multiply(input: Uint8Array, group: Group): Uint8Array {
    const width = group.width + FR;
    if (input.length === 0 || input.length % width !== 0) throw new InvalidInput('not whole pairs');
    const pairs = input.length / width;
    const points = curve.scratch(pairs * (group.size + FR));
    const scalars = points + pairs * group.size;
    let count = 0;
    for (let at = 0; at < input.length; at += width) {
      if (!readOfSubgroup(points + count * group.size, input, at, group)) continue;
      curve.readScalar(scalars + count * FR, input, at + group.width);
      count++;
    }
    if (count === 0) group.clear(left);
    else group.multiply(left, points, scalars, count);
    return group.write(left);
  }

  function pairing(input: Uint8Array): Uint8Array {
    if (input.length === 0 || input.length % 384 !== 0) throw new InvalidInput('not whole pairs');
    const pairs = input.length / 384;
    const points1 = curve.scratch(pairs * (G1 + G2));
    const points2 = points1 + pairs * G1;
    let count = 0;
    for (let at = 0; at < input.length; at += 384) {
      const isPoint1 = readOfSubgroup(points1 + count * G1, input, at, g1);
      const isPoint2 = readOfSubgroup(points2 + count * G2, input, at + 128, g2);
      if (isPoint1 && isPoint2) count++;
    }
    return curve.isPairingProductOne(points1, points2, count) ? yes : no;
  }

  function mapToG1(input: Uint8Array): Uint8Array {
    if (input.length !== 64) throw new InvalidInput('not one field element');
    curve.readField(field, input, 0);
    if (mcl.mclBnFp_mapToG1(left, field) !== 0) throw new Error('mcl could not map to the curve');
    return curve.writeG1(left);
  }

  function mapToG2(input: Uint8Array): Uint8Array {
    if (input.length !== 128) throw new InvalidInput('not one field element');
    curve.readField2(field, input, 0);
    if (mcl.mclBnFp2_mapToG2(left, field) !== 0) throw new Error('mcl could not map to the curve');
    return curve.writeG2(left);
  }

  return {
    11: (input) => add(input, g1),
    12: (input) => multiply(input, g1),
    13: (input) => add(input, g2),
    14: (input) => multiply(input, g2),
    15: pairing,
    16: mapToG1,
    17: mapToG2,
  };
}
