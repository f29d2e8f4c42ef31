// Inversion modulo a fixed odd prime by division steps (Bernstein and Yang, "Fast constant-time gcd computation and
// modular inversion", 2019), thirty at a time on the lowest bits, then applied to the whole numbers. Not in constant
// time. Numbers are nine limbs of 30 bits, i32 each; the highest carries the sign.

const LIMBS: u32 = 9;
const M30: i64 = 0x3fffffff;

/** The modulus in limbs, and its inverse modulo 2^30: for `invertModulo`. */
export const FIELD_MODULUS = memory.data<i32>([
  0x3ffffc2f, 0x3ffffffb, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x0000ffff,
  0x2ddacacf,
]);
export const ORDER_MODULUS = memory.data<i32>([
  0x10364141, 0x3f497a33, 0x348a03bb, 0x2bb739ab, 0x3ffffeba, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x0000ffff,
  0x2a774ec1,
]);

export const BN254_MODULUS = memory.data<i32>([
  0x187cfd47, 0x3082305b, 0x071ca8d3, 0x205aa45a, 0x01585d97, 0x0116da06, 0x1a029b85, 0x139cb84c, 0x00003064,
  0x1b799c77,
]);

/** Bytes of scratch memory that `invertModulo` needs. */
export const INVERSION_SCRATCH: u32 = 160;

/**
 * out = the inverse of `word` modulo `modulus`, 0 for 0. Words are four little-endian limbs of 64 bits; `word` is
 * below the modulus and may be `out`. In one piece: the four factors of a turn stay in locals.
 */
export function invertModulo(out: u32, word: u32, modulus: u32, scratch: u32): void {
  // f and g are what is divided, d and e what they are multiples of the input by: d * word = f, e * word = g (mod
  // modulus).
  const d = scratch;
  const e = scratch + 40;
  const f = scratch + 80;
  const g = scratch + 120;
  memory.fill(d, 0, 80);
  store<i32>(e, 1);
  memory.copy(f, modulus, LIMBS << 2);
  split(g, word);
  const inverse = load<u32>(modulus, LIMBS << 2);
  let last: u32 = (LIMBS - 1) << 2; // offset of the highest limb of f and g in use
  let eta: i32 = -1;
  while (true) {
    // Thirty division steps on the lowest bits: they are (f, g) → (u f + v g, q f + r g) / 2^30.
    let u: i32 = 1;
    let v: i32 = 0;
    let q: i32 = 0;
    let r: i32 = 1;
    let f0 = load<u32>(f);
    let g0 = load<u32>(g);
    let left: i32 = 30;
    while (true) {
      const zeros = i32(ctz(g0 | (u32(-1) << left)));
      g0 >>= zeros;
      u <<= zeros;
      v <<= zeros;
      eta -= zeros;
      left -= zeros;
      if (left == 0) break;
      let factor: u32;
      if (eta < 0) {
        eta = -eta;
        const oldF = f0;
        f0 = g0;
        g0 = -oldF;
        const oldU = u;
        u = q;
        q = -oldU;
        const oldV = v;
        v = r;
        r = -oldV;
        // Up to six bits of g vanish by adding a multiple of f, f * (f² - 2) being -1 / f modulo 64.
        const limit = eta + 1 < left ? eta + 1 : left;
        factor = (f0 * g0 * (f0 * f0 - 2)) & (u32(-1) >> (32 - limit)) & 63;
      } else {
        // Up to four bits, f + 8 [f = 3 or 5 mod 8] being 1 / f modulo 16.
        const limit = eta + 1 < left ? eta + 1 : left;
        factor = (-(f0 + (((f0 + 1) & 4) << 1)) * g0) & (u32(-1) >> (32 - limit)) & 15;
      }
      g0 += f0 * factor;
      q += u * i32(factor);
      r += v * i32(factor);
    }
    const u64s = i64(u);
    const v64s = i64(v);
    const q64s = i64(q);
    const r64s = i64(r);

    // (d, e) likewise, modulo the modulus: multiples of it make the lowest 30 bits vanish. Both stay in (-2m, m).
    const dSign = i64(load<i32>(d, (LIMBS - 1) << 2) >> 31);
    const eSign = i64(load<i32>(e, (LIMBS - 1) << 2) >> 31);
    let dMultiple = (u64s & dSign) + (v64s & eSign);
    let eMultiple = (q64s & dSign) + (r64s & eSign);
    let limbD = i64(load<i32>(d));
    let limbE = i64(load<i32>(e));
    let carryD = u64s * limbD + v64s * limbE;
    let carryE = q64s * limbD + r64s * limbE;
    dMultiple -= i64(inverse * u32(carryD) + u32(dMultiple)) & M30;
    eMultiple -= i64(inverse * u32(carryE) + u32(eMultiple)) & M30;
    const limbM = i64(load<i32>(modulus));
    carryD = (carryD + limbM * dMultiple) >> 30;
    carryE = (carryE + limbM * eMultiple) >> 30;
    for (let at: u32 = 4; at < LIMBS << 2; at += 4) {
      limbD = i64(load<i32>(d + at));
      limbE = i64(load<i32>(e + at));
      const limb = i64(load<i32>(modulus + at));
      carryD += u64s * limbD + v64s * limbE + limb * dMultiple;
      carryE += q64s * limbD + r64s * limbE + limb * eMultiple;
      store<i32>(d + at - 4, i32(carryD & M30));
      store<i32>(e + at - 4, i32(carryE & M30));
      carryD >>= 30;
      carryE >>= 30;
    }
    store<i32>(d, i32(carryD), (LIMBS - 1) << 2);
    store<i32>(e, i32(carryE), (LIMBS - 1) << 2);

    // (f, g) themselves
    let limbF = i64(load<i32>(f));
    let limbG = i64(load<i32>(g));
    let carryF = (u64s * limbF + v64s * limbG) >> 30;
    let carryG = (q64s * limbF + r64s * limbG) >> 30;
    let some: i32 = 0;
    for (let at: u32 = 4; at <= last; at += 4) {
      limbF = i64(load<i32>(f + at));
      limbG = i64(load<i32>(g + at));
      carryF += u64s * limbF + v64s * limbG;
      carryG += q64s * limbF + r64s * limbG;
      store<i32>(f + at - 4, i32(carryF & M30));
      const low = i32(carryG & M30);
      store<i32>(g + at - 4, low);
      some |= low;
      carryF >>= 30;
      carryG >>= 30;
    }
    let topF = i32(carryF);
    const topG = i32(carryG);
    store<i32>(f + last, topF);
    store<i32>(g + last, topG);
    if ((some | topG) == 0) {
      // f is 1 or -1, and d the inverse of the input or its negative.
      join(out, d, modulus, topF >> 31);
      return;
    }
    // Highest limbs that are only sign go into the one below.
    if (last != 0 && (topF ^ (topF >> 31)) == 0 && (topG ^ (topG >> 31)) == 0) {
      last -= 4;
      store<i32>(f + last, load<i32>(f + last) | (topF << 30));
      store<i32>(g + last, load<i32>(g + last) | (topG << 30));
    }
  }
}

/** out = four limbs of 64 bits as nine of 30 */
function split(out: u32, word: u32): void {
  const w0 = load<u64>(word);
  const w1 = load<u64>(word, 8);
  const w2 = load<u64>(word, 16);
  const w3 = load<u64>(word, 24);
  const mask = u64(M30);
  store<u32>(out, u32(w0 & mask));
  store<u32>(out, u32((w0 >> 30) & mask), 4);
  store<u32>(out, u32(((w0 >> 60) | (w1 << 4)) & mask), 8);
  store<u32>(out, u32((w1 >> 26) & mask), 12);
  store<u32>(out, u32(((w1 >> 56) | (w2 << 8)) & mask), 16);
  store<u32>(out, u32((w2 >> 22) & mask), 20);
  store<u32>(out, u32(((w2 >> 52) | (w3 << 12)) & mask), 24);
  store<u32>(out, u32((w3 >> 18) & mask), 28);
  store<u32>(out, u32(w3 >> 48), 32);
}

/**
 * out = `number`, which is in (-2m, m), negated where `sign` is -1, as a word below the modulus; `number` is
 * overwritten.
 */
function join(out: u32, number: u32, modulus: u32, sign: i32): void {
  addWhereNegative(number, modulus, sign);
  addWhereNegative(number, modulus, 0);
  const l1 = u64(load<u32>(number, 4));
  const l2 = u64(load<u32>(number, 8));
  const l3 = u64(load<u32>(number, 12));
  const l4 = u64(load<u32>(number, 16));
  const l6 = u64(load<u32>(number, 24));
  store<u64>(out, u64(load<u32>(number)) | (l1 << 30) | (l2 << 60));
  store<u64>(out, (l2 >> 4) | (l3 << 26) | (l4 << 56), 8);
  store<u64>(out, (l4 >> 8) | (u64(load<u32>(number, 20)) << 22) | (l6 << 52), 16);
  store<u64>(out, (l6 >> 12) | (u64(load<u32>(number, 28)) << 18) | (u64(load<u32>(number, 32)) << 48), 24);
}

/** Adds the modulus to a negative number, then negates the number where `sign` is -1. */
function addWhereNegative(number: u32, modulus: u32, sign: i32): void {
  const mask = load<i32>(number, (LIMBS - 1) << 2) >> 31;
  let carry: i32 = 0;
  for (let at: u32 = 0; at < LIMBS << 2; at += 4) {
    const limb = load<i32>(number + at) + (load<i32>(modulus + at) & mask);
    carry += (limb ^ sign) - sign;
    if (at == (LIMBS - 1) << 2) store<i32>(number + at, carry);
    else store<i32>(number + at, carry & i32(M30));
    carry >>= 30;
  }
}
