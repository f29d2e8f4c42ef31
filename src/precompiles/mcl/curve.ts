// One curve of mcl: reads and writes its points and scalars, and lends space in its memory.
import { fromHex, InvalidInput, isBelow, isZero } from '../precompile-input.ts';
import { instantiateMcl, type MclFunctions } from './library.ts';

/** Bytes of mcl's values, on any curve: coordinate, scalar, points in Jacobian coordinates, element of the target group. */
export const FP = 48;
export const FR = 32;
export const G1 = 3 * FP;
export const G2 = 6 * FP;
export const GT = 12 * FP;

/** How a curve is named in mcl, and how its numbers are written in calls of its precompiles. */
export interface CurveForm {
  /** mcl/curve_type.h */
  number: number;
  /** Order of the field, big-endian hexadecimal digits. */
  field: string;
  /** Order of the group. */
  order: string;
  /** Zeros before a coordinate. */
  padding: number;
  /** Whether the imaginary part of a coordinate of G2 comes first. */
  imaginaryFirst: boolean;
}

export class MclCurve {
  readonly mcl: MclFunctions;
  readonly form: CurveForm;
  /** Bytes of a coordinate as the precompiles write it. */
  readonly word: number;
  readonly #memory: WebAssembly.Memory;
  readonly #field: Uint8Array;
  readonly #order: Uint8Array;
  /** Bytes on their way in and out. */
  readonly #buffer: number;
  /** The coordinate 1. */
  readonly #one: number;
  /** A product of pairings. */
  readonly #target: number;
  #bytes: Uint8Array;
  #scratch = 0;
  #scratchSize = 0;

  private constructor(mcl: MclFunctions, memory: WebAssembly.Memory, form: CurveForm) {
    this.mcl = mcl;
    this.#memory = memory;
    this.form = form;
    this.#field = fromHex(form.field);
    this.#order = fromHex(form.order);
    this.word = form.padding + this.#field.length;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#buffer = this.allocate(G2);
    this.#one = this.allocate(FP);
    this.#target = this.allocate(GT);
    mcl.mclBnFp_setInt32(this.#one, 1);
  }

  static async create(module: WebAssembly.Module, form: CurveForm): Promise<MclCurve> {
    const { functions, memory } = await instantiateMcl(module, form.number);
    return new MclCurve(functions, memory, form);
  }

  /** mcl's memory; asked for anew after anything that may let it grow. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#memory.buffer);
    return this.#bytes;
  }

  /** Space for good, of `size` zeros. */
  allocate(size: number): number {
    const at = this.mcl.malloc(size);
    if (at === 0) throw new Error(`mcl has no memory for ${size} bytes`);
    this.bytes.fill(0, at, at + size);
    return at;
  }

  /** Space until the next call of this; what it holds is undefined. */
  scratch(size: number): number {
    if (size > this.#scratchSize) {
      if (this.#scratch !== 0) this.mcl.free(this.#scratch);
      this.#scratchSize = 0;
      this.#scratch = this.allocate(size);
      this.#scratchSize = size;
    }
    return this.#scratch;
  }

  /** Reads a scalar of 32 bytes and reduces it. */
  readScalar(scalar: number, input: Uint8Array, at: number): void {
    this.#put(input, at, FR);
    this.mcl.mclBnFr_setBigEndianMod(scalar, this.#buffer, FR);
  }

  /** Whether the scalar of 32 bytes is below the order of the group. */
  isScalar(input: Uint8Array, at: number): boolean {
    return isBelow(input, at, this.#order);
  }

  /** Reads a coordinate. */
  readField(field: number, input: Uint8Array, at: number): void {
    const start = at + this.form.padding;
    if (!isZero(input, at, start) || !isBelow(input, start, this.#field)) throw new InvalidInput('not in the field');
    this.#put(input, start, this.#field.length);
    this.mcl.mclBnFp_setBigEndianMod(field, this.#buffer, this.#field.length);
  }

  /** Reads a coordinate of two parts. */
  readField2(field: number, input: Uint8Array, at: number): void {
    const { imaginaryFirst } = this.form;
    this.readField(field, input, imaginaryFirst ? at + this.word : at);
    this.readField(field + FP, input, imaginaryFirst ? at : at + this.word);
  }

  /** Reads a point that is on the curve, of any order: whether it is not the one at infinity. */
  readG1(point: number, input: Uint8Array, at: number): boolean {
    const { mcl, word } = this;
    if (isZero(input, at, at + word * 2)) {
      mcl.mclBnG1_clear(point);
      return false;
    }
    this.readField(point, input, at);
    this.readField(point + FP, input, at + word);
    this.bytes.copyWithin(point + FP * 2, this.#one, this.#one + FP);
    if (mcl.mclBnG1_isValid(point) === 0) throw new InvalidInput('not on the curve');
    return true;
  }

  /** Reads a point that is on the twisted curve, of any order: whether it is not the one at infinity. */
  readG2(point: number, input: Uint8Array, at: number): boolean {
    const { mcl, word } = this;
    if (isZero(input, at, at + word * 4)) {
      mcl.mclBnG2_clear(point);
      return false;
    }
    this.readField2(point, input, at);
    this.readField2(point + FP * 2, input, at + word * 2);
    this.bytes.copyWithin(point + FP * 4, this.#one, this.#one + FP).fill(0, point + FP * 5, point + G2);
    if (mcl.mclBnG2_isValid(point) === 0) throw new InvalidInput('not on the curve');
    return true;
  }

  /** The bytes of a point. */
  writeG1(point: number): Uint8Array {
    const { mcl, word } = this;
    const output = new Uint8Array(word * 2);
    if (mcl.mclBnG1_isZero(point) !== 0) return output;
    mcl.mclBnG1_normalize(point, point);
    this.#writeField(output, 0, point);
    this.#writeField(output, word, point + FP);
    return output;
  }

  /** The bytes of a point on the twisted curve. */
  writeG2(point: number): Uint8Array {
    const { mcl, word } = this;
    const output = new Uint8Array(word * 4);
    if (mcl.mclBnG2_isZero(point) !== 0) return output;
    mcl.mclBnG2_normalize(point, point);
    const imaginary = this.form.imaginaryFirst ? 0 : word;
    for (let coordinate = 0; coordinate < 2; coordinate++) {
      const from = point + coordinate * FP * 2;
      this.#writeField(output, coordinate * word * 2 + word - imaginary, from);
      this.#writeField(output, coordinate * word * 2 + imaginary, from + FP);
    }
    return output;
  }

  /** The product of the pairings of `count` points each of G1 and of G2, none at infinity, is 1. */
  isPairingProductOne(g1: number, g2: number, count: number): boolean {
    if (count === 0) return true;
    this.mcl.mclBn_millerLoopVec(this.#target, g1, g2, count);
    this.mcl.mclBn_finalExp(this.#target, this.#target);
    return this.mcl.mclBnGT_isOne(this.#target) !== 0;
  }

  #put(input: Uint8Array, at: number, length: number): void {
    const { bytes } = this;
    for (let index = 0; index < length; index++) bytes[this.#buffer + index] = input[at + index]!;
  }

  #writeField(output: Uint8Array, at: number, field: number): void {
    const length = this.#field.length;
    // Zeros at the high end are not written: what stands there is of an earlier call.
    const written = this.mcl.mclBnFp_getLittleEndian(this.#buffer, length, field);
    const { bytes } = this;
    const last = at + this.word - 1;
    for (let index = 0; index < written; index++) output[last - index] = bytes[this.#buffer + index]!;
  }
}
